//! Handles: numbers in the clothes of pointers.
//!
//! What C holds is never dereferenced but looked up. So a handle that was freed, freed twice, or passed for one of another
//! kind is an error and no crash, and freeing one while another thread uses it is sound: the object goes when the last call
//! that uses it returns. Numbers are not used again.

use crate::{
    boundary::{Failure, Outcome, quietly},
    fabstir_status,
};
use std::{
    collections::BTreeMap,
    ptr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Odd numbers only, so that no handle looks like a pointer of the caller's.
static NEXT: AtomicUsize = AtomicUsize::new(1);
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// The live objects of one kind. `C` is the opaque type that C names them by.
#[derive(Debug)]
pub(crate) struct Table<C, T> {
    name: &'static str,
    objects: RwLock<BTreeMap<usize, Arc<T>>>,
    opaque: std::marker::PhantomData<fn(C)>,
}

impl<C, T: Send + Sync> Table<C, T> {
    /// An empty table; `name` is for error messages.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, objects: RwLock::new(BTreeMap::new()), opaque: std::marker::PhantomData }
    }

    /// Keeps an object and returns its handle.
    pub(crate) fn insert(&self, object: T) -> *mut C {
        let number = NEXT.fetch_add(2, Ordering::Relaxed);
        self.objects.write().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::new(object));
        OPEN.fetch_add(1, Ordering::Relaxed);
        ptr::without_provenance_mut(number)
    }

    /// The object of a handle.
    pub(crate) fn get(&self, handle: *const C) -> Outcome<Arc<T>> {
        let name = self.name;
        if handle.is_null() {
            return Err(Failure::new(fabstir_status::NullArgument, format!("{name} is NULL")));
        }
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let object = objects.get(&handle.addr());
        object.cloned().ok_or_else(|| Failure::new(fabstir_status::BadHandle, format!("not a {name}, or one freed")))
    }

    /// Takes an object out; `None` if there is none, or no more.
    pub(crate) fn remove(&self, handle: *const C) -> Option<Arc<T>> {
        let object = self.objects.write().unwrap_or_else(PoisonError::into_inner).remove(&handle.addr());
        OPEN.fetch_sub(usize::from(object.is_some()), Ordering::Relaxed);
        object
    }

    /// What every `_free` does. The object is dropped outside the lock, or by the call that still uses it.
    pub(crate) fn free(&self, handle: *const C) {
        quietly(|| drop(self.remove(handle)));
    }
}

/// How many handles of all kinds are open. For tests that look for leaks: handles are out of a leak checker's sight.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_handles_open() -> usize {
    OPEN.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Opaque;
    static TABLE: Table<Opaque, u32> = Table::new("test");
    static OTHER: Table<Opaque, u32> = Table::new("other");

    #[test]
    fn freed_and_foreign_handles_are_told() {
        let handle = TABLE.insert(7);
        assert_eq!(TABLE.get(handle).map(|value| *value).ok(), Some(7));
        assert_eq!(OTHER.get(handle).map_err(|f| f.status), Err(fabstir_status::BadHandle));
        let held = TABLE.get(handle).ok();
        TABLE.free(handle);
        TABLE.free(handle);
        assert_eq!(held.as_deref(), Some(&7));
        assert_eq!(TABLE.get(handle).map_err(|f| f.status), Err(fabstir_status::BadHandle));
        assert_eq!(TABLE.get(ptr::null()).map_err(|f| f.status), Err(fabstir_status::NullArgument));
        TABLE.free(ptr::null());
    }
}
