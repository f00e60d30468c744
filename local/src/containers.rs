//! Access for the containers of `sam local`: forwards connections from the address of their bridge to loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::StartError;

/// Listens on `address` and forwards each connection to the same port of 127.0.0.1, until the task is aborted.
pub(crate) async fn let_in(address: IpAddr, port: u16) -> Result<JoinHandle<()>, StartError> {
    let address = SocketAddr::from((address, port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })?;
    Ok(tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(forward(stream, port));
                }
                Err(error) => {
                    tracing::warn!(%error, "a container's connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }))
}

async fn forward(mut outside: TcpStream, port: u16) {
    let forwarded = async {
        let mut inside = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        copy_bidirectional(&mut outside, &mut inside).await
    };
    if let Err(error) = forwarded.await {
        tracing::debug!(%error, "a container's connection ended");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn forwards_both_directions() {
        let inside = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = inside.local_addr().unwrap().port();
        // Another address of this machine plays the role of the bridge's.
        let outside = IpAddr::from([127, 0, 0, 2]);
        let task = let_in(outside, port).await.unwrap();
        let mut client = TcpStream::connect((outside, port)).await.unwrap();
        let (mut server, _) = inside.accept().await.unwrap();

        client.write_all(b"question").await.unwrap();
        let mut heard = [0; 8];
        server.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"question");
        server.write_all(b"answer").await.unwrap();
        drop(server);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"answer");
        task.abort();
    }
}
