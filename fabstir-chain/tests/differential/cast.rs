//! The people of one history, and what they send: real calldata with real signatures.

use crate::history::{Action, Fault, Role, Setting, Sign, Source};
use alloy_primitives::{Address, B256, Bytes, U256, aliases::U96, keccak256};
use fabstir_core::{
    abi::{
        ISessionMarket::{self, Authorization, ISessionMarketCalls as Call, SignedVoucher},
        Terms,
    },
    amount::{Amount, Usage},
    messages::{Close, CloseRequest, Domain, Order, Quote, Signed, Voucher, session_id},
    signature::{Signature65, SigningKey},
};

pub(crate) const MODEL: B256 = B256::repeat_byte(0x30);

/// The keys of one lane. The proof system's is everybody's.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) domain: Domain,
    keys: Vec<SigningKey>,
}

/// A transaction to the market.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) from: Address,
    pub(crate) value: U256,
    pub(crate) call: Call,
}

/// The proof system's key, shared by all lanes since the market has one.
pub(crate) fn proof_system() -> SigningKey {
    key(u64::MAX, Role::ProofSystem)
}

fn key(lane: u64, role: Role) -> SigningKey {
    let seed = keccak256([&lane.to_be_bytes()[..], &[role as u8]].concat());
    SigningKey::from_bytes(&seed.0).expect("a hash is a key")
}

impl Cast {
    pub(crate) fn new(domain: Domain, lane: usize) -> Self {
        let keys = Role::ALL.map(|role| match role {
            Role::ProofSystem => proof_system(),
            role => key(lane as u64, role),
        });
        Self { domain, keys: keys.into() }
    }

    fn key(&self, role: Role) -> &SigningKey {
        &self.keys[role as usize]
    }

    pub(crate) fn address(&self, role: Role) -> Address {
        self.key(role).address()
    }

    /// Where withdrawals go.
    pub(crate) fn purse(&self) -> Address {
        Address::from_word(keccak256(self.address(Role::Host)))
    }

    /// The session's terms; `began` is the history's first second.
    pub(crate) fn terms(&self, setting: &Setting, token: Address, fee_bps: u16, began: u64, salt: U256) -> Terms {
        Terms {
            renter: self.address(Role::Renter),
            host: self.address(Role::Host),
            hostSigner: self.address(Role::HostSigner),
            voucherSigner: self.address(Role::VoucherSigner),
            token: if setting.in_token { token } else { Address::ZERO },
            modelId: MODEL,
            inputPrice: setting.input_price,
            outputPrice: setting.output_price,
            expiresAt: began.saturating_add_signed(setting.lasts),
            grace: setting.grace,
            feeBps: fee_bps + setting.fee_off,
            cancelBps: setting.cancel_bps,
            proofCap: setting.proof_cap,
            salt,
        }
    }

    /// The calldata of an action in a block at `now`.
    pub(crate) fn send(&self, by: Role, action: &Action, terms: &Terms, now: u64) -> Sent {
        let (paying, value_off) = match *action {
            Action::Open { deposit, source: Source::Wallet, value_off, .. } => (deposit, value_off),
            Action::Extend { amount, value_off, .. } | Action::TopUp { amount, value_off } => (amount, value_off),
            _ => (Amount::ZERO, false),
        };
        let due = if terms.token.is_zero() { paying.get() } else { U256::ZERO };
        let value = if value_off { due + U256::from(1) } else { due };
        Sent { from: self.address(by), value, call: self.call(action, terms, now) }
    }

    fn call(&self, action: &Action, terms: &Terms, now: u64) -> Call {
        let terms = terms.clone();
        match *action {
            Action::Open { deposit, source, ref quote, .. } => self.open(terms, deposit, source, *quote, now),
            Action::Invalidate => Call::invalidate(ISessionMarket::invalidateCall { terms }),
            Action::Settle { usage, sign } => {
                let voucher = self.voucher(&terms, usage, sign);
                Call::settle(ISessionMarket::settleCall { terms, voucher })
            }
            Action::Complete { usage, sign } => {
                let voucher = self.voucher(&terms, usage, sign);
                Call::completeSession(ISessionMarket::completeSessionCall { terms, voucher })
            }
            Action::CompleteWithClose { close, close_sign, deadline, voucher, sign } => {
                let message = Close {
                    sessionId: self.id(&terms, close_sign),
                    inputTokens: close.input,
                    outputTokens: close.output,
                    deadline: now.saturating_add_signed(deadline),
                };
                let mut close = message.with_signature(&message.sign(&self.domain, self.key(close_sign.by)));
                close.signature = spoil(close.signature, close_sign.fault);
                let voucher = self.voucher(&terms, voucher, sign);
                Call::completeSessionWithClose(ISessionMarket::completeSessionWithCloseCall { terms, voucher, close })
            }
            Action::Cancel { usage, sign, deadline } => {
                let message = CloseRequest {
                    sessionId: self.id(&terms, sign),
                    inputTokens: usage.input,
                    outputTokens: usage.output,
                    deadline: now.saturating_add_signed(deadline),
                };
                let mut request = message.with_signature(&message.sign(&self.domain, self.key(sign.by)));
                request.signature = spoil(request.signature, sign.fault);
                Call::cancelSession(ISessionMarket::cancelSessionCall { terms, request })
            }
            Action::Extend { amount, hours, .. } => {
                let amount = amount.get();
                Call::extendSession(ISessionMarket::extendSessionCall { terms, amount, extensionHours: hours })
            }
            Action::TopUp { amount, .. } => Call::topUp(ISessionMarket::topUpCall { terms, amount: amount.get() }),
            Action::Timeout => Call::triggerSessionTimeout(ISessionMarket::triggerSessionTimeoutCall { terms }),
            Action::Hold { amount } => Call::hold(ISessionMarket::holdCall { terms, amount: u96(amount) }),
            Action::PayHeld { amount } => Call::payHeld(ISessionMarket::payHeldCall { terms, amount: u96(amount) }),
            Action::Release { amount } => Call::release(ISessionMarket::releaseCall { terms, amount: u96(amount) }),
            Action::Withdraw => Call::withdraw(ISessionMarket::withdrawCall { token: terms.token, to: self.purse() }),
            Action::WithdrawBalance { amount } => Call::withdrawBalance(ISessionMarket::withdrawBalanceCall {
                token: terms.token,
                amount: amount.get(),
                to: self.purse(),
            }),
            Action::SweepFees => {
                Call::sweepFees(ISessionMarket::sweepFeesCall { hosts: vec![terms.host], token: terms.token })
            }
        }
    }

    fn open(&self, terms: Terms, deposit: Amount, source: Source, quote: Option<(Sign, i64)>, now: u64) -> Call {
        let quote = quote.map_or_else(ISessionMarket::SignedQuote::none, |(sign, until)| {
            let message = Quote { sessionId: self.id(&terms, sign), validUntil: now.saturating_add_signed(until) };
            let mut quote = message.with_signature(&message.sign(&self.domain, self.key(sign.by)));
            quote.signature = spoil(quote.signature, sign.fault);
            quote
        });
        let (funding, order, deadline) = match source {
            Source::Wallet => {
                let deposit = deposit.get();
                return Call::createSessionJob(ISessionMarket::createSessionJobCall { terms, deposit, quote });
            }
            Source::Balance { order, deadline } => (ISessionMarket::Funding::Balance, order, deadline),
            Source::Permit { order, deadline } => (ISessionMarket::Funding::Permit, order, deadline),
        };
        let deadline = now.saturating_add_signed(deadline);
        let mut signed = terms.clone();
        if order.fault == Some(Fault::OtherSession) {
            signed.salt = !signed.salt;
        }
        let message = Order { terms: signed, deposit: deposit.get(), deadline };
        let signature: Bytes = (&message.sign(&self.domain, self.key(order.by))).into();
        let authorization = Authorization {
            funding,
            deadline,
            orderSignature: spoil(signature, order.fault),
            validAfter: U256::ZERO,
            validBefore: U256::ZERO,
            fundingSignature: Bytes::new(),
            quote,
        };
        Call::createSessionJobFor(ISessionMarket::createSessionJobForCall {
            terms,
            deposit: deposit.get(),
            authorization,
        })
    }

    fn voucher(&self, terms: &Terms, usage: Usage, sign: Sign) -> SignedVoucher {
        let message = Voucher {
            sessionId: self.id(terms, sign),
            inputTokens: usage.input,
            outputTokens: usage.output,
            head: B256::repeat_byte(9),
        };
        let mut voucher = message.with_signature(&message.sign(&self.domain, self.key(sign.by)));
        voucher.signature = spoil(voucher.signature, sign.fault);
        voucher
    }

    fn id(&self, terms: &Terms, sign: Sign) -> U256 {
        let id = session_id(terms, &self.domain);
        if sign.fault == Some(Fault::OtherSession) { !id } else { id }
    }
}

fn u96(amount: Amount) -> U96 {
    amount.to_u96().unwrap_or(U96::MAX)
}

/// The order of the curve, to turn a signature's s over.
const CURVE_ORDER: U256 =
    U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, 0xffff_ffff_ffff_ffff]);

fn spoil(signature: Bytes, fault: Option<Fault>) -> Bytes {
    let mut bytes = signature.to_vec();
    match fault {
        None | Some(Fault::OtherSession) => {}
        Some(Fault::Empty) => bytes.clear(),
        Some(Fault::Truncated) => bytes.truncate(64),
        Some(Fault::HighS) => {
            let s = CURVE_ORDER - U256::from_be_slice(&bytes[32..64]);
            bytes[32..64].copy_from_slice(&s.to_be_bytes::<32>());
            bytes[64] ^= 7; // 27 and 28 are each other's
        }
        Some(Fault::LowV) => bytes[64] -= 27,
        Some(Fault::Flipped) => bytes[5] ^= 1,
    }
    bytes.into()
}

/// Who signed, as far as it can be told.
pub(crate) fn signer(message: &impl Signed, domain: &Domain, signature: &Bytes) -> Option<Address> {
    let signature = Signature65::try_from(signature.as_ref()).ok()?;
    message.signer(domain, &signature).ok()
}
