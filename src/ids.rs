//! Ids are types: state sits in vectors, and only the right kind of id reaches into each.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub struct $name(u32);

        impl $name {
            /// The id of the `index`-th thing of its kind.
            pub const fn new(index: usize) -> Self {
                Self(index as u32)
            }

            /// Where this thing stands in its vector.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// One of the Deployment's `replicas` places, which successive Pods hold.
    SlotId
}
id! {
    /// A Pod's place in the cluster's memory; a later Pod may take it over, so events carry the incarnation too.
    PodId
}
id! {
    /// A Node, by its order in the model.
    NodeId
}
id! {
    /// A zone, by its order in the model.
    ZoneId
}
id! {
    /// A fault of the model, by its order there.
    FaultId
}
