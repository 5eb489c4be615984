use trackside_core::protocol::Enriched;

use crate::sink::{Delivery, Sink};

pub(super) struct CallbackSink<F>(pub(super) F);

impl<F: FnMut(&[Enriched<'_>], u64) -> Delivery> Sink for CallbackSink<F> {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let delivery = (self.0)(batch, now);
        Delivery { taken: delivery.taken.clamp(1, batch.len().max(1)), ..delivery }
    }
}
