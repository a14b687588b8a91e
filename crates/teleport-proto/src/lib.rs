//! What is made from the repository's `proto/**/*.proto`: typed messages, gRPC clients and servers, and the descriptor pool.
//!
//! The modules follow the protobuf packages. Nothing here is written by hand but this page and how messages with secrets
//! are printed. Start with [`descriptors`] for reflection, and with the module of a package for its types.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`auth`], [`types`], [`wrappers`] | Teleport's older API: calls, resources, and maps of lists |
//! | [`teleport`] | Teleport's newer APIs: authorities, bots, joining, settings of a cluster, users, workload clusters |
//! | `secrets` | how messages with secrets are printed |

// What the generator writes follows its own style.
#![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]

mod secrets;

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

/// Teleport's older API, whose protobuf package is named `proto`.
pub mod auth {
    tonic::include_proto!("proto");
}

/// Teleport's older resources.
pub mod types {
    tonic::include_proto!("types");
}

/// Maps and lists that protobuf cannot nest by itself.
pub mod wrappers {
    tonic::include_proto!("wrappers");
}

/// Teleport's newer APIs, one protobuf package each.
pub mod teleport {
    /// Proof that a private key sits in hardware.
    pub mod attestation {
        pub mod v1 {
            tonic::include_proto!("teleport.attestation.v1");
        }
    }

    /// Cloud clusters, the preview of workload clusters.
    pub mod cloudcluster {
        pub mod v1 {
            tonic::include_proto!("teleport.cloudcluster.v1");
        }
    }

    /// Settings of a cluster.
    pub mod clusterconfig {
        pub mod v1 {
            tonic::include_proto!("teleport.clusterconfig.v1");
        }
    }

    /// Metadata of resources.
    pub mod header {
        pub mod v1 {
            tonic::include_proto!("teleport.header.v1");
        }
    }

    /// Joining a cluster.
    pub mod join {
        pub mod v1 {
            tonic::include_proto!("teleport.join.v1");
        }
    }

    /// Bots.
    pub mod machineid {
        pub mod v1 {
            tonic::include_proto!("teleport.machineid.v1");
        }
    }

    /// Other clusters that a cluster is connected with.
    pub mod presence {
        pub mod v1 {
            tonic::include_proto!("teleport.presence.v1");
        }
    }

    /// Certificate authorities.
    pub mod trust {
        pub mod v1 {
            tonic::include_proto!("teleport.trust.v1");
        }
    }

    /// Users.
    pub mod users {
        pub mod v1 {
            tonic::include_proto!("teleport.users.v1");
        }
    }

    /// Workload clusters.
    pub mod workloadcluster {
        pub mod v1 {
            tonic::include_proto!("teleport.workloadcluster.v1");
        }
    }
}

/// Every message and service above, with the comments before each, for reflection.
pub fn descriptors() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        DescriptorPool::decode(
            include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin")).as_slice(),
        )
        .expect("the descriptors of the build must decode")
    });
    &POOL
}

#[cfg(test)]
mod tests;
