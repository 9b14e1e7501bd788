//! Access to the service inside of a middleware.

/// Implements the functions that return the inner service, for a type that holds it in the field `inner`.
macro_rules! inner_access {
    ($service:ident<S $(, $parameter:ident)*>) => {
        impl<S $(, $parameter)*> $service<S $(, $parameter)*> {
            /// Returns a reference to the inner service.
            pub fn get_ref(&self) -> &S {
                &self.inner
            }

            /// Returns a mutable reference to the inner service.
            pub fn get_mut(&mut self) -> &mut S {
                &mut self.inner
            }

            /// Returns the inner service.
            pub fn into_inner(self) -> S {
                self.inner
            }
        }
    };
}

pub(crate) use inner_access;
