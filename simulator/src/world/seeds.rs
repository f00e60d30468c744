//! The initial corporations, and the creation of further ones.

use std::collections::BTreeMap;

use super::{
    corporation::{Callbacks, Corporation, Department, Member, Secrets},
    settings::Switches,
};
use crate::entropy::Entropy;

/// Properties of a new corporation; all others are random.
pub(crate) struct Founding<'a> {
    pub(crate) name: &'a str,
    pub(crate) corp_id: Option<&'a str>,
    pub(crate) open_corp_id: Option<&'a str>,
    pub(crate) members: usize,
    pub(crate) followers: usize,
}

/// User ids of the first members; those of others are numbered.
const NAMED_MEMBERS: [&str; 6] = ["wangfang", "chenlei", "liqiang", "zhaomin", "sunyue", "zhouhang"];
const MEMBERS_PER_DEPARTMENT: usize = 8;

/// Two corporations with fixed ids, so that guides can name them, and random Secrets.
pub(crate) fn corporations(entropy: &mut Entropy) -> Vec<Corporation> {
    let first = Founding {
        name: "云帆科技有限公司",
        corp_id: Some("ww0a1b2c3d4e5f6071"),
        open_corp_id: Some("wpYunFanAAq7Zk3Xb9Tn5LcVd2Rg8MhSw"),
        members: 36,
        followers: 5,
    };
    let second = Founding {
        name: "青山茶业有限公司",
        corp_id: Some("ww9f8e7d6c5b4a3021"),
        open_corp_id: Some("wpQingShanAAm4Jp8Yf2Ke6UtBx3Na7Gz"),
        members: 12,
        followers: 2,
    };
    [first, second]
        .iter()
        .map(|founding| found(founding, entropy))
        .collect()
}

/// Corporation with members, departments and Secrets, as a new one has them.
pub(crate) fn found(founding: &Founding<'_>, entropy: &mut Entropy) -> Corporation {
    let members: Vec<Member> = (0..founding.members).map(member).collect();
    let departments = (1..=members.last().map_or(1, |last| last.department))
        .map(|id| Department {
            id,
            parent_id: i64::from(id != 1),
        })
        .collect();
    let followers = members
        .iter()
        .take(founding.followers)
        .map(|member| member.user_id.clone())
        .collect();
    Corporation {
        name: founding.name.to_owned(),
        corp_id: founding
            .corp_id
            .map_or_else(|| format!("ww{}", entropy.hex(16)), str::to_owned),
        open_corp_id: founding
            .open_corp_id
            .map_or_else(|| format!("wp{}", entropy.letters_and_digits(31)), str::to_owned),
        secrets: Secrets {
            contacts: secret(entropy),
            external_contacts: secret(entropy),
            listed_app: secret(entropy),
            other_app: secret(entropy),
        },
        departments,
        members,
        followers,
        switches: Switches::default(),
        callbacks: Callbacks::default(),
        installation: None,
        other_installations: BTreeMap::new(),
    }
}

/// A Secret in WeCom's format: 43 characters, with `_` and `-` among them.
pub(crate) fn secret(entropy: &mut Entropy) -> String {
    format!(
        "{}_{}-{}",
        entropy.letters_and_digits(14),
        entropy.letters_and_digits(14),
        entropy.letters_and_digits(13)
    )
}

fn member(index: usize) -> Member {
    let user_id = NAMED_MEMBERS
        .get(index)
        .map_or_else(|| format!("member{:03}", index + 1), |name| (*name).to_owned());
    let department = i64::try_from(1 + index / MEMBERS_PER_DEPARTMENT).unwrap_or(1);
    Member { user_id, department }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_corporation_has_ids_of_wecoms_shapes() {
        let founding = Founding {
            name: "新",
            corp_id: None,
            open_corp_id: None,
            members: 9,
            followers: 3,
        };
        let corporation = found(&founding, &mut Entropy::new(Some(3)));
        assert!(corporation.corp_id.starts_with("ww") && corporation.corp_id.len() == 18);
        assert!(corporation.open_corp_id.starts_with("wp") && corporation.open_corp_id.len() > 18);
        assert_eq!(corporation.departments.len(), 2);
        assert_eq!(corporation.followers, ["wangfang", "chenlei", "liqiang"]);
    }

    #[test]
    fn every_secret_of_the_two_corporations_is_another() {
        let seeds = corporations(&mut Entropy::new(Some(3)));
        let mut secrets: Vec<_> = seeds
            .iter()
            .flat_map(|seed| super::super::corporation::SecretKind::ALL.map(|kind| seed.secrets.of(kind)))
            .collect();
        secrets.sort_unstable();
        secrets.dedup();
        assert_eq!(secrets.len(), 8);
        assert!(secrets.iter().all(|secret| secret.len() == 43));
    }
}
