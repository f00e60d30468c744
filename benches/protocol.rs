//! Criterion benchmarks of the protocol: absolute times, compared with those of the last run.

use std::time::Duration;

use benches::{CallbackRequest, Limit, Peer, SIZES};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn opening(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open");
    for bytes in SIZES {
        let request = CallbackRequest::of(bytes);
        let mut limit = Limit::for_request(&request);
        let peer = Peer::for_request(&request);
        group.throughput(Throughput::Bytes(u64::try_from(bytes).unwrap_or(u64::MAX)));
        group.bench_function(BenchmarkId::new("limit", bytes), |bencher| {
            bencher.iter(|| limit.open(&request).1.len());
        });
        group.bench_function(BenchmarkId::new("from-body", bytes), |bencher| {
            bencher.iter(|| request.read());
        });
        group.bench_function(BenchmarkId::new("from-encrypt", bytes), |bencher| {
            bencher.iter(|| request.open());
        });
        group.bench_function(BenchmarkId::new("wecom-crypto", bytes), |bencher| {
            bencher.iter(|| peer.open(&request));
        });
    }
}

fn sealing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal-and-sign");
    for bytes in SIZES {
        let request = CallbackRequest::of(bytes);
        let mut limit = Limit::for_request(&request);
        let peer = Peer::for_request(&request);
        group.throughput(Throughput::Bytes(u64::try_from(bytes).unwrap_or(u64::MAX)));
        group.bench_function(BenchmarkId::new("limit", bytes), |bencher| {
            bencher.iter(|| limit.seal().1.len());
        });
        group.bench_function(BenchmarkId::new("ours", bytes), |bencher| {
            bencher.iter(|| request.write());
        });
        group.bench_function(BenchmarkId::new("wecom-crypto", bytes), |bencher| {
            bencher.iter(|| peer.write());
        });
    }
}

criterion_group! {
    name = protocol;
    config = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(300))
        .sample_size(50)
        .measurement_time(Duration::from_secs(2));
    targets = opening, sealing
}
criterion_main!(protocol);
