//! What the core says: a session and the books around it, driven by the very calldata the contract gets.

use crate::cast::{Sent, signer};
use alloy_primitives::{Address, U256};
use fabstir_core::{
    Error,
    abi::{
        ISessionMarket::{
            Funding as Fund, ISessionMarketCalls as Call, SignedCloseRequest, SignedQuote, SignedVoucher,
            completeSessionWithCloseCall, createSessionJobForCall,
        },
        Terms,
    },
    amount::{Amount, Usage},
    messages::{Close, CloseRequest, Domain, Order, Quote, Voucher, session_id},
    session::{Effects, Event, Funding, Market, Offer, Opening, Session},
};

/// Money outside of the session, base units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Books {
    /// In the renter's wallet.
    pub(crate) wallet: U256,
    /// The renter's balance in the market.
    pub(crate) balance: U256,
    /// Refunds that bounced.
    pub(crate) bounced: U256,
    pub(crate) host: U256,
    pub(crate) fee: U256,
    /// Where withdrawals went.
    pub(crate) purse: U256,
    /// What the delegate may still lock.
    pub(crate) delegate_cap: U256,
    /// In the market, for this history.
    pub(crate) held_by_market: U256,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) domain: Domain,
    pub(crate) terms: Terms,
    pub(crate) market: Market,
    pub(crate) offer: Offer,
    pub(crate) delegate: (Address, u64),
    pub(crate) refuses: bool,
    pub(crate) books: Books,
    pub(crate) session: Option<Session>,
    /// Base units added to every payment to the host: zero, save where a test wants to be caught.
    pub(crate) wrong_by: u64,
}

type Outcome = Result<(), String>;

impl Model {
    /// Applies a transaction; nothing changes if it is refused.
    pub(crate) fn apply(&mut self, sent: &Sent, now: u64) -> Outcome {
        let mut next = self.clone();
        next.run(sent, now)?;
        *self = next;
        Ok(())
    }

    fn run(&mut self, sent: &Sent, now: u64) -> Outcome {
        let caller = sent.from;
        let max_deposit = self.market.max_deposit;
        match &sent.call {
            Call::createSessionJob(call) => {
                let quote = self.quote(&call.quote)?;
                self.open(call.deposit.into(), Funding::Wallet { caller }, quote, now)?;
                self.collect(sent, call.deposit)
            }
            Call::createSessionJobFor(call) => self.open_for(call, now),
            Call::invalidate(_) => {
                require(self.session.is_none(), "the id is used")?;
                self.session = Some(Session::invalidated(self.terms.clone(), caller).map_err(text)?);
                Ok(())
            }
            Call::settle(call) => {
                let usage = self.voucher(&call.voucher)?.ok_or("no voucher")?;
                self.event(Event::Settle { usage }, now)
            }
            Call::completeSession(call) => {
                let voucher = self.voucher(&call.voucher)?;
                self.event(Event::Complete { caller, voucher }, now)
            }
            Call::completeSessionWithClose(call) => self.complete_with_close(caller, call, now),
            Call::cancelSession(call) => self.cancel(caller, &call.request, now),
            Call::extendSession(call) => {
                let (amount, hours) = (call.amount.into(), call.extensionHours);
                self.event(Event::Extend { caller, amount, hours, max_deposit }, now)?;
                self.collect(sent, call.amount)
            }
            Call::topUp(call) => {
                self.event(Event::TopUp { amount: call.amount.into(), max_deposit }, now)?;
                self.collect(sent, call.amount)
            }
            Call::triggerSessionTimeout(_) => self.event(Event::Timeout, now),
            Call::hold(call) => self.event(Event::Hold { caller, amount: call.amount.into() }, now),
            Call::payHeld(call) => self.event(Event::PayHeld { caller, amount: call.amount.into() }, now),
            Call::release(call) => self.event(Event::Release { caller, amount: call.amount.into() }, now),
            Call::withdraw(_) => self.withdraw(caller),
            Call::withdrawBalance(call) => self.withdraw_balance(caller, call.amount),
            Call::sweepFees(_) => {
                let fee = std::mem::take(&mut self.books.fee);
                self.leave(fee)
            }
            _ => Err("not part of the test".to_owned()),
        }
    }

    fn open_for(&mut self, call: &createSessionJobForCall, now: u64) -> Outcome {
        let (deposit, authorization) = (Amount::from(call.deposit), &call.authorization);
        let (quote, deadline) = (self.quote(&authorization.quote)?, authorization.deadline);
        let order = Order { terms: call.terms.clone(), deposit: call.deposit, deadline };
        let by = signer(&order, &self.domain, &authorization.orderSignature);
        if authorization.funding == Fund::Balance {
            self.open(deposit, Funding::Balance { deadline }, quote, now)?;
            return self.spend(by, call.deposit, now);
        }
        self.open(deposit, Funding::Signed { deadline }, quote, now)?;
        require(by == Some(self.terms.renter), "the order is not the renter's")?;
        self.take(call.deposit, true)
    }

    fn complete_with_close(&mut self, caller: Address, call: &completeSessionWithCloseCall, now: u64) -> Outcome {
        let close = Close {
            sessionId: self.id(),
            inputTokens: call.close.inputTokens,
            outputTokens: call.close.outputTokens,
            deadline: call.close.deadline,
        };
        let by = signer(&close, &self.domain, &call.close.signature);
        require(by == Some(self.terms.hostSigner), "the close is not the host's")?;
        let voucher = self.voucher(&call.voucher)?;
        let deadline = close.deadline;
        self.event(Event::CompleteWithClose { caller, close: close.usage(), deadline, voucher }, now)
    }

    fn cancel(&mut self, caller: Address, request: &SignedCloseRequest, now: u64) -> Outcome {
        let message = CloseRequest {
            sessionId: self.id(),
            inputTokens: request.inputTokens,
            outputTokens: request.outputTokens,
            deadline: request.deadline,
        };
        let by = signer(&message, &self.domain, &request.signature);
        let signed = by.filter(|by| [self.terms.renter, self.terms.voucherSigner].contains(by));
        let request = signed.map(|_| message.deadline);
        self.event(Event::Cancel { caller, usage: message.usage(), request }, now)
    }

    pub(crate) fn id(&self) -> U256 {
        session_id(&self.terms, &self.domain)
    }

    fn event(&mut self, event: Event, now: u64) -> Outcome {
        let session = self.session.as_mut().ok_or("no session")?;
        let Effects { host, fee, refund, refund_to_balance } = session.apply(event, now).map_err(text)?;
        let wrong = if host.is_zero() { 0 } else { self.wrong_by };
        self.books.host += host.get() + U256::from(wrong);
        self.books.fee += fee.get();
        if refund_to_balance {
            self.books.balance += refund.get();
        } else if self.refuses {
            self.books.bounced += refund.get();
        } else {
            self.books.wallet += refund.get();
            self.leave(refund.get())?;
        }
        Ok(())
    }

    fn open(&mut self, deposit: Amount, funding: Funding, quote: Option<u64>, now: u64) -> Outcome {
        require(self.session.is_none(), "the id is used")?;
        let opening = Opening { terms: self.terms.clone(), deposit, funding, quote };
        self.session = Some(Session::open(opening, &self.market, &self.offer, now).map_err(text)?);
        Ok(())
    }

    /// Money that comes with a call, or from the caller's allowance.
    fn collect(&mut self, sent: &Sent, amount: U256) -> Outcome {
        let due = if self.terms.token.is_zero() { amount } else { U256::ZERO };
        require(sent.value == due, "wrong value")?;
        self.take(amount, sent.from == self.terms.renter)
    }

    fn take(&mut self, amount: U256, from_renter: bool) -> Outcome {
        if from_renter {
            self.books.wallet = self.books.wallet.checked_sub(amount).ok_or("the wallet is empty")?;
        }
        self.books.held_by_market += amount;
        Ok(())
    }

    fn leave(&mut self, amount: U256) -> Outcome {
        let left = self.books.held_by_market.checked_sub(amount);
        self.books.held_by_market = left.ok_or("the market pays out more than it got")?;
        Ok(())
    }

    fn spend(&mut self, by: Option<Address>, amount: U256, now: u64) -> Outcome {
        let (delegate, expiry) = self.delegate;
        if by != Some(self.terms.renter) {
            require(by == Some(delegate) && now <= expiry, "not a delegate")?;
            require(!self.books.delegate_cap.is_zero(), "revoked")?;
            self.books.delegate_cap = self.books.delegate_cap.checked_sub(amount).ok_or("above the cap")?;
        }
        self.books.balance = self.books.balance.checked_sub(amount).ok_or("the balance is empty")?;
        Ok(())
    }

    fn withdraw(&mut self, caller: Address) -> Outcome {
        let earned = if caller == self.terms.host {
            std::mem::take(&mut self.books.host)
        } else if caller == self.terms.renter {
            std::mem::take(&mut self.books.bounced)
        } else {
            U256::ZERO
        };
        require(!earned.is_zero(), "nothing earned")?;
        self.books.purse += earned;
        self.leave(earned)
    }

    fn withdraw_balance(&mut self, caller: Address, amount: U256) -> Outcome {
        require(caller == self.terms.renter || amount.is_zero(), "another's balance")?;
        self.books.balance = self.books.balance.checked_sub(amount).ok_or("the balance is empty")?;
        self.books.purse += amount;
        self.leave(amount)
    }

    /// The counts of a voucher, if one is given; an error if it is bad.
    fn voucher(&self, voucher: &SignedVoucher) -> Result<Option<Usage>, String> {
        if voucher.signature.is_empty() {
            return Ok(None);
        }
        let message = Voucher {
            sessionId: self.id(),
            inputTokens: voucher.inputTokens,
            outputTokens: voucher.outputTokens,
            head: voucher.head,
        };
        let by = signer(&message, &self.domain, &voucher.signature);
        require(by == Some(self.terms.voucherSigner), "the voucher is not the voucher signer's")?;
        Ok(Some(message.usage()))
    }

    fn quote(&self, quote: &SignedQuote) -> Result<Option<u64>, String> {
        if quote.signature.is_empty() {
            return Ok(None);
        }
        let message = Quote { sessionId: self.id(), validUntil: quote.validUntil };
        let by = signer(&message, &self.domain, &quote.signature);
        require(by == Some(self.terms.hostSigner), "the quote is not the host's")?;
        Ok(Some(quote.validUntil))
    }
}

fn require(holds: bool, reason: &str) -> Outcome {
    if holds { Ok(()) } else { Err(reason.to_owned()) }
}

fn text(error: Error) -> String {
    error.to_string()
}
