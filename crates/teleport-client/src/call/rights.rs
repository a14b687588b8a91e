//! The rights that calls need.

/// What a rule of a role must hold for a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Right {
    /// The entry in its `resources`.
    pub resource: String,
    /// The entries in its `verbs`.
    pub verbs: &'static [&'static str],
}

/// The right that a call needs, by the name of its RPC without the service. `None` for a call that is about no resource.
///
/// The names are regular, and so are the verbs that the server asks for (`lib/auth/auth_with_roles.go`,
/// `lib/auth/users/usersv1/service.go` in gravitational/teleport).
pub(crate) fn needed(rpc: &str) -> Option<Right> {
    if rpc == "CreateResetPasswordToken" {
        // It changes the user.
        return Some(Right {
            resource: "user".to_owned(),
            verbs: &["update"],
        });
    }
    VERBS.iter().find_map(|(prefix, verbs)| {
        let kind = rpc.strip_prefix(prefix)?;
        let kind = if *prefix == LIST {
            kind.strip_suffix('s')?
        } else {
            kind
        };
        let is_kind = kind.starts_with(|first: char| first.is_ascii_uppercase());
        is_kind.then(|| Right {
            resource: snake_case(kind),
            verbs,
        })
    })
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

const LIST: &str = "List";
const VERBS: [(&str, &[&str]); 6] = [
    ("Create", &["create"]),
    ("Get", &["read"]),
    (LIST, &["list", "read"]),
    ("Update", &["update"]),
    ("Upsert", &["create", "update"]),
    ("Delete", &["delete"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn right(rpc: &str) -> Option<(String, String)> {
        needed(rpc).map(|right| (right.resource, right.verbs.join(" ")))
    }

    #[test]
    fn each_call_needs_its_own_verbs_on_its_own_resource() {
        for (rpc, resource, verbs) in [
            ("CreateWorkloadCluster", "workload_cluster", "create"),
            ("GetWorkloadCluster", "workload_cluster", "read"),
            ("ListWorkloadClusters", "workload_cluster", "list read"),
            ("DeleteWorkloadCluster", "workload_cluster", "delete"),
            ("ListCloudClusters", "cloud_cluster", "list read"),
            ("UpdateRole", "role", "update"),
            ("UpsertUser", "user", "create update"),
            ("CreateResetPasswordToken", "user", "update"),
        ] {
            let expected = (resource.to_owned(), verbs.to_owned());
            assert_eq!(right(rpc), Some(expected), "{rpc}");
        }
        assert_eq!(right("Ping"), None);
        assert_eq!(right("Getting"), None);
    }

    #[test]
    fn every_call_on_stored_objects_has_its_right() {
        for service in [
            "cloudcluster.v1.CloudCluster",
            "users.v1.Users",
            "workloadcluster.v1.WorkloadCluster",
        ] {
            let name = format!("teleport.{service}Service");
            let service = teleport_proto::descriptors()
                .get_service_by_name(&name)
                .unwrap();
            for method in service.methods() {
                assert!(needed(method.name()).is_some(), "{}", method.name());
            }
        }
    }
}
