//! What a framework says of a request in its extensions: axum does, if the feature is on.

#[cfg(feature = "axum")]
pub(super) use self::axum::*;
#[cfg(not(feature = "axum"))]
pub(super) use self::none::*;

#[cfg(feature = "axum")]
mod axum {
    use std::{any::Any, net::SocketAddr};

    use axum::{
        body::{Body, Bytes},
        extract::{
            MatchedPath, OriginalUri,
            connect_info::{ConnectInfo, MockConnectInfo},
        },
    };
    use http::{Extensions, Uri};

    use crate::endpoint::Answer;

    /// Whether [`response`] can make one with a body of this type: axum's.
    pub(in crate::tower) fn can_answer<R: 'static>() -> bool {
        (&None::<R> as &dyn Any).is::<Option<Body>>()
    }

    /// The answer, if the body is of that type.
    pub(in crate::tower) fn response<R: 'static>(answer: Answer) -> Option<http::Response<R>> {
        let (head, bytes) = answer.into_parts();
        let mut body = Some(Body::from(Bytes::from(bytes.into_owned())));
        let body = (&mut body as &mut dyn Any).downcast_mut::<Option<R>>()?.take()?;
        Some(head.map(|()| body))
    }

    /// The route that matched.
    pub(in crate::tower) struct Route(MatchedPath);

    impl Route {
        pub(in crate::tower) fn of(extensions: &Extensions) -> Option<Self> {
            extensions.get().cloned().map(Self)
        }

        pub(in crate::tower) fn as_str(&self) -> &str {
            self.0.as_str()
        }
    }

    /// The URI before nested routers cut it.
    pub(in crate::tower) fn original_uri(extensions: &Extensions) -> Option<&Uri> {
        extensions.get().map(|OriginalUri(uri)| uri)
    }

    pub(in crate::tower) fn connect_info(extensions: &Extensions) -> Option<&SocketAddr> {
        let info = extensions.get().map(|ConnectInfo(address)| address);
        info.or_else(|| extensions.get().map(|MockConnectInfo(address)| address))
    }
}

#[cfg(not(feature = "axum"))]
mod none {
    use std::net::SocketAddr;

    use http::{Extensions, Uri};

    use crate::endpoint::Answer;

    /// What a body can be made of is not known.
    pub(in crate::tower) fn can_answer<R: 'static>() -> bool {
        false
    }

    pub(in crate::tower) fn response<R: 'static>(_: Answer) -> Option<http::Response<R>> {
        None
    }

    /// There is none to say which route matched.
    pub(in crate::tower) enum Route {}

    impl Route {
        pub(in crate::tower) fn of(_: &Extensions) -> Option<Self> {
            None
        }

        pub(in crate::tower) fn as_str(&self) -> &str {
            match *self {}
        }
    }

    pub(in crate::tower) fn original_uri(_: &Extensions) -> Option<&Uri> {
        None
    }

    pub(in crate::tower) fn connect_info(_: &Extensions) -> Option<&SocketAddr> {
        None
    }
}
