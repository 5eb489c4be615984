//! What a framework says of a request in its extensions: axum does, if the feature is on.

#[cfg(feature = "axum")]
pub(super) use self::axum::*;
#[cfg(not(feature = "axum"))]
pub(super) use self::none::*;

#[cfg(feature = "axum")]
mod axum {
    use std::{
        any::Any,
        net::SocketAddr,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::{
        body::{Body, Bytes, HttpBody},
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

    /// What a client still sends with a request that needs no body. Who answers without having read it makes
    /// hyper close the connection, on which a cache in front may have the next request under way.
    #[derive(Debug)]
    pub(in crate::tower) struct Unread {
        body: Body,
        left: usize,
    }

    impl Unread {
        /// The most bytes that are read: a client that sends more is cut off.
        const MOST: usize = 64 * 1024;

        pub(in crate::tower) fn of<B: 'static>(body: B) -> Option<Self> {
            let body = (&mut Some(body) as &mut dyn Any).downcast_mut::<Option<Body>>()?.take()?;
            (!body.is_end_stream()).then_some(Self { body, left: Self::MOST })
        }

        /// Ready once the body has ended, or is to be read no further.
        pub(in crate::tower) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
            loop {
                match Pin::new(&mut self.body).poll_frame(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(Ok(frame))) => {
                        let read = frame.data_ref().map_or(0, Bytes::len);
                        match self.left.checked_sub(read) {
                            Some(left) => self.left = left,
                            None => return Poll::Ready(()),
                        }
                    }
                    Poll::Ready(None | Some(Err(_))) => return Poll::Ready(()),
                }
            }
        }
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
    use std::{
        net::SocketAddr,
        task::{Context, Poll},
    };

    use http::{Extensions, Uri};

    use crate::endpoint::Answer;

    /// What a body can be made of is not known.
    pub(in crate::tower) fn can_answer<R: 'static>() -> bool {
        false
    }

    pub(in crate::tower) fn response<R: 'static>(_: Answer) -> Option<http::Response<R>> {
        None
    }

    /// Of a type that is not known there is nothing to read.
    #[derive(Debug)]
    pub(in crate::tower) enum Unread {}

    impl Unread {
        pub(in crate::tower) fn of<B: 'static>(_: B) -> Option<Self> {
            None
        }

        pub(in crate::tower) fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<()> {
            match *self {}
        }
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
