//! The end of a session, with its host's consent.

use super::{Session, connection::CONTROL_PATIENCE};
use crate::{ClientError, store::Standing};
use fabstir_chain::Receipt;
use fabstir_core::{
    abi::ISessionMarket::Status,
    amount::{Amount, Usage},
    messages::Close,
    renter::Event,
    signature::Signature65,
};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long the host has to bring a closed session to the chain before the renter does it.
const SETTLEMENT_PATIENCE: Duration = Duration::from_secs(20);
const SETTLEMENT_POLL: Duration = Duration::from_millis(200);
/// How often the host is asked, if the connection drops before it answers.
const ATTEMPTS: u32 = 3;

/// How a session ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Closing {
    /// Tokens served in all.
    pub usage: Usage,
    /// Paid in all, fee included, base units.
    pub paid: Amount,
    /// Returned to the renter, base units.
    pub refund: Amount,
    /// The renter's own transaction, if the host did not settle in time.
    pub receipt: Option<Receipt>,
}

/// The host's consent to the final counts.
type Consent = (Close, Signature65);

impl Session {
    /// Ends the session: the host signs the final counts and settles on chain, which returns the rest of the deposit.
    /// A host that does not settle in time is not waited for: the renter does it with the host's consent. If the
    /// connection drops, the chain tells whether the host has settled; otherwise it is asked again.
    ///
    /// # Errors
    ///
    /// [`ClientError::Connection`] if the host cannot be reached and the session is still active on chain:
    /// [`crate::Renter::cancel`] ends it without the host. [`fabstir_core::Error::Expired`] and
    /// [`fabstir_core::Error::Misbehaviour`] for a consent that is worth nothing.
    pub async fn close(mut self) -> Result<Closing, ClientError> {
        let consent = self.agree().await?;
        if let Some(link) = self.link.take() {
            link.close().await;
        }
        let (usage, receipt) = match &consent {
            Some(consent) => (consent.0.usage(), self.await_settlement(consent).await?),
            None => (self.usage(), None),
        };
        let details = self.renter.chain().session_details(self.id()).await?;
        self.record.standing = Standing::Ended;
        self.renter.store().write(self.id(), &self.record).await?;
        let paid = Amount::from(details.settled);
        Ok(Closing { usage, paid, refund: self.deposit().checked_sub(paid)?, receipt })
    }

    /// The host's consent; `None` if the session has ended on chain without the renter hearing of it.
    async fn agree(&mut self) -> Result<Option<Consent>, ClientError> {
        let (mut asked, mut last) = (false, None);
        for _ in 0..ATTEMPTS {
            if let Err(error) = self.clear_away().await {
                last = Some(error);
                break;
            }
            asked = true;
            match self.ask_to_close().await {
                Ok(consent) => return Ok(Some(consent)),
                Err(error) if error.is_disconnect() => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        // A host that was asked may have agreed, forgotten the session and be about to settle.
        let patience = if asked { SETTLEMENT_PATIENCE } else { Duration::ZERO };
        if self.ends_within(patience).await? {
            return Ok(None);
        }
        Err(last.map_or_else(|| self.give_up(HOW_TO_GO_ON), still_active))
    }

    async fn ask_to_close(&mut self) -> Result<Consent, ClientError> {
        let request = self.inner.close()?;
        self.send(&request).await?;
        let agreed = async {
            loop {
                if let Some(Event::Closed { close, signature }) = self.receive().await? {
                    return Ok((close, signature));
                }
            }
        };
        let agreed = timeout(CONTROL_PATIENCE, agreed).await;
        let (close, signature) = agreed.unwrap_or_else(|_| Err(self.give_up("the host does not agree to close")))?;
        // It has to outlast the wait for the host's own settlement.
        let now = self.renter.chain().now().await?;
        close.check_deadline(now.saturating_add(SETTLEMENT_PATIENCE.as_secs()))?;
        Ok((close, signature))
    }

    async fn await_settlement(&self, (close, signature): &Consent) -> Result<Option<Receipt>, ClientError> {
        if self.ends_within(SETTLEMENT_PATIENCE).await? {
            return Ok(None);
        }
        let close = close.with_signature(signature);
        match self.renter.wallet().complete_with_close(self.terms(), None, close).await {
            Ok(receipt) => Ok(Some(receipt)),
            // The host was first after all.
            Err(_) if self.ends_within(Duration::ZERO).await? => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the session is over on chain, now or within this time.
    async fn ends_within(&self, patience: Duration) -> Result<bool, ClientError> {
        let deadline = Instant::now() + patience;
        loop {
            if self.renter.chain().session_details(self.id()).await?.status != Status::Active {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(SETTLEMENT_POLL).await;
        }
    }
}

const HOW_TO_GO_ON: &str = "the session is still active on chain: try again later, or leave it without the host";

/// Says how to go on after an error that leaves the deposit locked.
fn still_active(error: ClientError) -> ClientError {
    match error {
        ClientError::Connection { url, reason } => {
            ClientError::Connection { url, reason: format!("{reason}; {HOW_TO_GO_ON}") }
        }
        ClientError::Host { code, message } => {
            ClientError::Host { code, message: format!("{message}; {HOW_TO_GO_ON}") }
        }
        other => other,
    }
}
