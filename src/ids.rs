//! Ids are types: state sits in vectors, and only the right kind of id reaches into each ([`IdVec`]).

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// What numbers the things of one kind from 0.
pub trait Id: Copy {
    /// The id of the `index`-th thing of its kind.
    fn new(index: usize) -> Self;

    /// Where this thing stands among those of its kind.
    fn index(self) -> usize;
}

/// A vector that only ids of its own kind reach into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdVec<I, T> {
    items: Vec<T>,
    ids: PhantomData<I>,
}

impl<I: Id, T> IdVec<I, T> {
    /// How many things there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Their ids, in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + use<I, T> {
        (0..self.items.len()).map(I::new)
    }

    /// The things, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// The things, in order, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.items.iter_mut()
    }

    /// The things, in order.
    pub fn as_slice(&self) -> &[T] {
        &self.items
    }

    /// The things with their ids, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (I, &T)> {
        self.items.iter().enumerate().map(|(index, item)| (I::new(index), item))
    }

    /// Adds one more thing; its id.
    pub fn push(&mut self, item: T) -> I {
        self.items.push(item);
        I::new(self.items.len() - 1)
    }
}

impl<I: Id, T: Clone> IdVec<I, T> {
    /// The same for each of `count` ids.
    pub fn of(item: T, count: usize) -> Self {
        vec![item; count].into()
    }
}

impl<I, T> Default for IdVec<I, T> {
    fn default() -> Self {
        Self { items: Vec::new(), ids: PhantomData }
    }
}

impl<I, T> From<Vec<T>> for IdVec<I, T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, ids: PhantomData }
    }
}

impl<I, T> FromIterator<T> for IdVec<I, T> {
    fn from_iter<S: IntoIterator<Item = T>>(items: S) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<I: Id, T> Index<I> for IdVec<I, T> {
    type Output = T;

    fn index(&self, id: I) -> &T {
        &self.items[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for IdVec<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.items[id.index()]
    }
}

impl<I, T> Extend<T> for IdVec<I, T> {
    fn extend<S: IntoIterator<Item = T>>(&mut self, items: S) {
        self.items.extend(items);
    }
}

impl<I, T> IntoIterator for IdVec<I, T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, I: Id, T> IntoIterator for &'a IdVec<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, I: Id, T> IntoIterator for &'a mut IdVec<I, T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

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

        impl Id for $name {
            fn new(index: usize) -> Self {
                Self::new(index)
            }

            fn index(self) -> usize {
                self.index()
            }
        }
    };
}

id! {
    /// A Deployment of the model, by its order there.
    WorkloadId
}
id! {
    /// One of the `replicas` places of a Deployment, which successive Pods hold; those of all Deployments, one after the other, and
    /// behind them those that operations open when they scale it.
    SlotId
}
id! {
    /// A Pod's place in the cluster's memory; a later Pod may take it over, so events carry the incarnation too.
    PodId
}
id! {
    /// A container of a Pod template, by its order there: init containers first.
    ContainerId
}
id! {
    /// A container image, by its order among those that the model names.
    ImageId
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
id! {
    /// A `PodDisruptionBudget` of the model, by its order there.
    BudgetId
}

/// A container of a Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerRef {
    /// The Pod.
    pub pod: PodId,
    /// Which of its containers.
    pub container: ContainerId,
}

/// A container of a Deployment's Pod template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateContainer {
    /// The Deployment.
    pub workload: WorkloadId,
    /// Which of the containers of its Pods.
    pub container: ContainerId,
}
