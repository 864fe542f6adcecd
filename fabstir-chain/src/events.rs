//! The contracts' events, from a block on, once they have their confirmations.

use crate::{
    Chain, Error,
    event::{Cursor, Event, EventKind},
    transport::{NO_ANSWER, TOO_LARGE},
};
use alloy::rpc::types::{Filter, Log};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use fabstir_core::{
    abi::{
        ISessionMarket::{ISessionMarketEvents, SessionJobCreated, Status},
        Terms,
    },
    amount::Amount,
};
use futures::stream::{self, Stream};
use std::collections::VecDeque;

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    market: bool,
    registry: bool,
    topics: [Option<B256>; 4],
}

impl EventFilter {
    /// The market's and the registry's.
    #[must_use]
    pub const fn all() -> Self {
        Self { market: true, registry: true, topics: [None; 4] }
    }

    /// The market's.
    #[must_use]
    pub const fn market() -> Self {
        Self { market: true, registry: false, topics: [None; 4] }
    }

    /// The registry's.
    #[must_use]
    pub const fn registry() -> Self {
        Self { market: false, registry: true, topics: [None; 4] }
    }

    /// Everything about one session.
    #[must_use]
    pub fn session(id: U256) -> Self {
        Self { topics: [None, Some(id.into()), None, None], ..Self::market() }
    }

    /// The opening of one session.
    #[must_use]
    pub fn opening_of(id: U256) -> Self {
        Self { topics: [Some(SessionJobCreated::SIGNATURE_HASH), Some(id.into()), None, None], ..Self::market() }
    }

    /// Openings that name this host.
    #[must_use]
    pub fn openings_for_host(host: Address) -> Self {
        let topics = [Some(SessionJobCreated::SIGNATURE_HASH), None, None, Some(host.into_word())];
        Self { topics, ..Self::market() }
    }

    /// Openings by this renter.
    #[must_use]
    pub fn openings_by_renter(renter: Address) -> Self {
        let topics = [Some(SessionJobCreated::SIGNATURE_HASH), None, Some(renter.into_word()), None];
        Self { topics, ..Self::market() }
    }

    fn over(&self, chain: &Chain, from: u64, to: u64) -> Filter {
        let mut addresses = Vec::with_capacity(2);
        if self.market {
            addresses.push(chain.market());
        }
        if self.registry {
            addresses.push(chain.registry());
        }
        let mut filter = Filter::new().address(addresses).from_block(from).to_block(to);
        for (slot, topic) in filter.topics.iter_mut().zip(self.topics) {
            if let Some(topic) = topic {
                *slot = topic.into();
            }
        }
        filter
    }
}

/// A stretch of blocks and the events in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// Last block looked at.
    pub to_block: u64,
}

/// The events after a cursor, page by page. Only blocks with the configured confirmations are read, so a reorganisation
/// shallower than that is never seen.
#[derive(Debug)]
pub struct Events {
    chain: Chain,
    filter: EventFilter,
    cursor: Cursor,
    page_blocks: u64,
}

impl Events {
    /// Where the next page begins. Store it to resume; [`Event::cursor`] is the finer one.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The next page, or `None` if no block past the cursor is confirmed yet. A page may hold no events.
    ///
    /// # Errors
    ///
    /// Those of the endpoint. The cursor stays, so calling again goes on.
    pub async fn try_page(&mut self) -> Result<Option<Page>, Error> {
        let depth = self.chain.config().confirmations.max(1) - 1;
        let Some(confirmed) = self.chain.provider().block_number().await?.checked_sub(depth) else { return Ok(None) };
        // An endpoint behind the one asked before looks like this too: it is waited for.
        if confirmed < self.cursor.block {
            return Ok(None);
        }
        let (events, to) = loop {
            let (from, to) = (self.cursor.block, confirmed.min(self.cursor.block.saturating_add(self.page_blocks - 1)));
            match read_logs(&self.chain, &self.filter, from, to).await {
                Err(error) if is_too_much(&error) && to > from => {
                    self.page_blocks = (to - from).div_ceil(2);
                    tracing::debug!(%error, blocks = self.page_blocks, "asking for fewer blocks");
                }
                result => break (result?, to),
            }
        };
        let cursor = self.cursor;
        self.cursor = Cursor::at_block(to + 1);
        let widest = self.chain.config().limits.page_blocks.max(1);
        self.page_blocks = self.page_blocks.saturating_mul(2).min(widest);
        Ok(Some(Page { events: events.into_iter().filter(|event| event.cursor() > cursor).collect(), to_block: to }))
    }

    /// The next page, waiting for a confirmed block if need be.
    ///
    /// # Errors
    ///
    /// As [`Events::try_page`].
    pub async fn page(&mut self) -> Result<Page, Error> {
        loop {
            if let Some(page) = self.try_page().await? {
                return Ok(page);
            }
            tokio::time::sleep(self.chain.config().limits.poll_interval).await;
        }
    }

    /// The events one by one, for ever; holds at most one page. An error is an item, and asking on tries again.
    pub fn into_stream(self) -> impl Stream<Item = Result<Event, Error>> + Send {
        stream::unfold((self, VecDeque::new()), |(mut events, mut ready)| async move {
            loop {
                if let Some(event) = ready.pop_front() {
                    return Some((Ok(event), (events, ready)));
                }
                match events.page().await {
                    Ok(page) => ready = page.events.into(),
                    Err(error) => return Some((Err(error), (events, ready))),
                }
            }
        })
    }
}

/// A session's opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The session.
    pub id: U256,
    /// Its terms.
    pub terms: Terms,
    /// What was locked, base units.
    pub deposit: Amount,
    /// Block of the opening.
    pub block: u64,
    /// Transaction of the opening.
    pub transaction: B256,
}

impl Chain {
    /// The events after a cursor.
    #[must_use]
    pub fn events(&self, from: Cursor, filter: EventFilter) -> Events {
        let page_blocks = self.config().limits.page_blocks.max(1);
        Events { chain: self.clone(), filter, cursor: from, page_blocks }
    }

    /// A session's opening, confirmed or not.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownSession`] if there is none since the configured first block; those of the endpoint.
    pub async fn opening_of(&self, id: U256) -> Result<Opening, Error> {
        let found = self.openings(EventFilter::opening_of(id), 1).await?;
        found.into_iter().next().ok_or(Error::UnknownSession { id })
    }

    /// The newest `limit` openings that pass a filter, newest first, confirmed or not.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn openings(&self, filter: EventFilter, limit: usize) -> Result<Vec<Opening>, Error> {
        let (first, mut to) = (self.config().from_block, self.provider().block_number().await?);
        // Indexed topics make the whole range cheap on most endpoints; the others refuse, and get it in pages.
        let mut span = u64::MAX;
        let mut openings = Vec::new();
        while openings.len() < limit && to >= first {
            let from = to.saturating_sub(span - 1).max(first);
            match read_logs(self, &filter, from, to).await {
                Ok(events) => openings.extend(events.into_iter().rev().filter_map(opening)),
                Err(error) if is_too_much(&error) && to > from => {
                    span = (to - from).div_ceil(2).min(self.config().limits.page_blocks).max(1);
                    continue;
                }
                Err(error) => return Err(error),
            }
            let Some(next) = from.checked_sub(1) else { break };
            to = next;
        }
        openings.truncate(limit);
        match openings.iter().find(|opening| self.session_id(&opening.terms) != opening.id) {
            Some(_) => Err(self.provider().nonsense("eth_getLogs", "terms that do not hash to their session")),
            None => Ok(openings),
        }
    }

    /// The active ones among a host's newest `limit` sessions, newest first.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn active_sessions_of_host(&self, host: Address, limit: usize) -> Result<Vec<Opening>, Error> {
        let mut active = Vec::new();
        for opening in self.openings(EventFilter::openings_for_host(host), limit).await? {
            if self.session_details(opening.id).await?.status == Status::Active {
                active.push(opening);
            }
        }
        Ok(active)
    }
}

fn opening(event: Event) -> Option<Opening> {
    let EventKind::Market(ISessionMarketEvents::SessionJobCreated(created)) = event.kind else { return None };
    Some(Opening {
        id: created.sessionId,
        terms: created.terms,
        deposit: created.deposit.into(),
        block: event.block,
        transaction: event.transaction,
    })
}

/// Reads and checks one range: every log ours, inside the range, in order and only once.
async fn read_logs(chain: &Chain, filter: &EventFilter, from: u64, to: u64) -> Result<Vec<Event>, Error> {
    let provider = chain.provider();
    let filter = filter.over(chain, from, to);
    let mut logs: Vec<Log> = provider.logs(&filter).await?;
    logs.sort_by_key(|log| (log.block_number, log.log_index));
    let place = |log: &Log| (log.block_number, log.log_index);
    if logs.windows(2).any(|pair| place(&pair[0]) == place(&pair[1])) {
        return Err(provider.nonsense("eth_getLogs", "the same log twice"));
    }
    let mut events = Vec::with_capacity(logs.len());
    for log in &logs {
        let asked = filter.matches_address(log.inner.address) && filter.matches_topics(log.inner.data.topics());
        if !asked || log.removed || !log.block_number.is_some_and(|block| (from..=to).contains(&block)) {
            return Err(provider.nonsense("eth_getLogs", "a log that was not asked for"));
        }
        events.extend(chain.contracts().decode(provider, log)?);
    }
    Ok(events)
}

/// Whether fewer blocks may help: endpoints refuse wide ranges and large answers each with words of its own.
fn is_too_much(error: &Error) -> bool {
    match error {
        Error::Refused { .. } => true,
        Error::Nonsense { reason, .. } => reason.contains("HTTP 413") || reason.starts_with(TOO_LARGE),
        Error::Unavailable { reason, .. } => reason == NO_ANSWER,
        _ => false,
    }
}
