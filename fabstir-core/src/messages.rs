//! What the parties sign: EIP-712 typed data in the market's domain.
//!
//! Field names are those of the Solidity structs. A wallet shows them as they are here.

use crate::{
    Error,
    abi::{ISessionMarket, Terms},
    amount::{Prices, Usage},
    signature::{Signature65, SigningKey, recover},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain, sol};
use std::sync::LazyLock;

/// The EIP-712 domain of one market on one chain. A signature is worthless in any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    chain_id: u64,
    market: Address,
    separator: B256,
}

impl Domain {
    /// The domain of the market at this address.
    #[must_use]
    pub fn new(chain_id: u64, market: Address) -> Self {
        let separator = typed_domain(chain_id, market).separator();
        Self { chain_id, market, separator }
    }

    /// The chain.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The market's address.
    #[must_use]
    pub const fn market(&self) -> Address {
        self.market
    }

    /// The hash of the domain, mixed into every digest.
    #[must_use]
    pub const fn separator(&self) -> B256 {
        self.separator
    }

    /// The domain as alloy has it, for signers that take typed data.
    #[must_use]
    pub fn to_eip712(&self) -> Eip712Domain {
        typed_domain(self.chain_id, self.market)
    }
}

const fn typed_domain(chain_id: u64, market: Address) -> Eip712Domain {
    eip712_domain! { name: "Fabstir", version: "1", chain_id: chain_id, verifying_contract: market, }
}

sol! {
    #![sol(all_derives)]

    /// Cumulative counts the renter accepts, and the transcript head it recomputed. By the voucher signer.
    struct Voucher {
        uint256 sessionId;
        uint64 inputTokens;
        uint64 outputTokens;
        bytes32 head;
    }

    /// One prompt, as the renter asks for it. By the voucher signer.
    struct Request {
        uint256 sessionId;
        uint64 turn;
        bytes32 context;
        bytes32 tokens;
        bytes32 params;
        uint64 maxTokens;
        bytes32 nonce;
        bytes32 hostSeed;
    }

    /// Proof that a connection belongs to the session's renter. By the voucher signer.
    struct Open {
        uint256 sessionId;
        bytes32 challenge;
        bytes32 channelKey;
    }

    /// The renter's wish to end the session at these counts. By the renter or the voucher signer.
    struct CloseRequest {
        uint256 sessionId;
        uint64 inputTokens;
        uint64 outputTokens;
        uint64 deadline;
    }

    /// Cumulative counts and transcript head as the host has them. By the host's signer, once for each `sequence`.
    struct Checkpoint {
        uint256 sessionId;
        uint64 sequence;
        uint64 inputTokens;
        uint64 outputTokens;
        bytes32 head;
    }

    /// The host's consent to end the session at these counts. By the host's signer.
    struct Close {
        uint256 sessionId;
        uint64 inputTokens;
        uint64 outputTokens;
        uint64 deadline;
    }

    /// The host's consent to the session's terms, whatever its published prices. By the host's signer.
    struct Quote {
        uint256 sessionId;
        uint64 validUntil;
    }

    /// Proof that a connection ends at the host. By the host's signer.
    struct Hello {
        bytes32 challenge;
        bytes32 channelKey;
    }
}

pub use order::Order;

#[allow(missing_docs, reason = "the wrapper module is an artefact of nesting `Terms`")]
mod order {
    use crate::abi::Terms;

    alloy_sol_types::sol! {
        /// The renter's consent to an opening that somebody else sends. By the renter or a delegate.
        #[derive(Debug, PartialEq, Eq, Hash)]
        struct Order {
            Terms terms;
            uint256 deposit;
            uint64 deadline;
        }
    }
}

/// A message that is signed in the market's domain.
pub trait Signed: SolStruct {
    /// Hash of the message's EIP-712 type, computed once.
    fn type_hash() -> B256;

    /// The digest that is signed.
    fn digest(&self, domain: &Domain) -> B256 {
        let mut encoded = Self::type_hash().to_vec();
        encoded.extend_from_slice(&self.eip712_encode_data());
        let mut bytes = [0u8; 66];
        bytes[..2].copy_from_slice(&[0x19, 0x01]);
        bytes[2..34].copy_from_slice(domain.separator.as_slice());
        bytes[34..].copy_from_slice(keccak256(encoded).as_slice());
        keccak256(bytes)
    }

    /// Signs it.
    fn sign(&self, domain: &Domain, key: &SigningKey) -> Signature65 {
        key.sign_digest(self.digest(domain))
    }

    /// Who signed it.
    ///
    /// # Errors
    ///
    /// [`Error::BadSignature`] if the signature is malformed or recovers to nobody.
    fn signer(&self, domain: &Domain, signature: &Signature65) -> Result<Address, Error> {
        recover(self.digest(domain), signature)
    }

    /// Checks that `expected` signed it.
    ///
    /// # Errors
    ///
    /// [`Error::BadSignature`] as [`Signed::signer`]; [`Error::WrongSigner`] if somebody else did.
    fn verify(&self, domain: &Domain, signature: &Signature65, expected: Address) -> Result<(), Error> {
        let actual = self.signer(domain, signature)?;
        if actual == expected { Ok(()) } else { Err(Error::WrongSigner { expected, actual }) }
    }
}

macro_rules! signed {
    ($($message:ty),* $(,)?) => { $(
        impl Signed for $message {
            fn type_hash() -> B256 {
                static HASH: LazyLock<B256> = LazyLock::new(|| keccak256(<$message>::eip712_encode_type().as_bytes()));
                *HASH
            }
        }
    )* };
}
signed!(Terms, Voucher, Request, Open, CloseRequest, Order, Checkpoint, Close, Quote, Hello);

/// The id of the session with these terms: their digest in the market's domain, known before anything is sent.
#[must_use]
pub fn session_id(terms: &Terms, domain: &Domain) -> U256 {
    terms.digest(domain).into()
}

impl Terms {
    /// What the session's tokens cost.
    #[must_use]
    pub const fn prices(&self) -> Prices {
        Prices::new(self.inputPrice, self.outputPrice)
    }
}

macro_rules! usage {
    ($($message:ty),* $(,)?) => { $(
        impl $message {
            /// The counts it states.
            #[must_use]
            pub const fn usage(&self) -> Usage {
                Usage::new(self.inputTokens, self.outputTokens)
            }
        }
    )* };
}
usage!(Voucher, CloseRequest, Checkpoint, Close);

impl Voucher {
    /// The voucher as the contract takes it.
    #[must_use]
    pub fn with_signature(&self, signature: &Signature65) -> ISessionMarket::SignedVoucher {
        ISessionMarket::SignedVoucher {
            inputTokens: self.inputTokens,
            outputTokens: self.outputTokens,
            head: self.head,
            signature: signature.into(),
        }
    }
}

impl CloseRequest {
    /// The request as the contract takes it.
    #[must_use]
    pub fn with_signature(&self, signature: &Signature65) -> ISessionMarket::SignedCloseRequest {
        ISessionMarket::SignedCloseRequest {
            inputTokens: self.inputTokens,
            outputTokens: self.outputTokens,
            deadline: self.deadline,
            signature: signature.into(),
        }
    }
}

impl Close {
    /// Refuses a consent that the contract would not take any more.
    ///
    /// # Errors
    ///
    /// [`Error::Expired`] once `now` (Unix seconds, the chain's) is past its deadline.
    pub const fn check_deadline(&self, now: u64) -> Result<(), Error> {
        if now <= self.deadline { Ok(()) } else { Err(Error::Expired { deadline: self.deadline, now }) }
    }

    /// The close as the contract takes it.
    #[must_use]
    pub fn with_signature(&self, signature: &Signature65) -> ISessionMarket::SignedClose {
        ISessionMarket::SignedClose {
            inputTokens: self.inputTokens,
            outputTokens: self.outputTokens,
            deadline: self.deadline,
            signature: signature.into(),
        }
    }
}

impl Quote {
    /// The quote as the contract takes it.
    #[must_use]
    pub fn with_signature(&self, signature: &Signature65) -> ISessionMarket::SignedQuote {
        ISessionMarket::SignedQuote { validUntil: self.validUntil, signature: signature.into() }
    }
}

impl ISessionMarket::SignedVoucher {
    /// No voucher, where one is optional.
    #[must_use]
    pub fn none() -> Self {
        Self { inputTokens: 0, outputTokens: 0, head: B256::ZERO, signature: Bytes::new() }
    }
}

impl ISessionMarket::SignedQuote {
    /// No quote: the host's published prices apply.
    #[must_use]
    pub fn none() -> Self {
        Self { validUntil: 0, signature: Bytes::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;
    use alloy_primitives::address;

    const MARKET: Address = address!("00000000000000000000000000000000000000aa");

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_bytes(&[byte; 32]).expect("valid key")
    }

    fn terms() -> Terms {
        Terms {
            renter: key(1).address(),
            host: key(2).address(),
            hostSigner: key(3).address(),
            voucherSigner: key(4).address(),
            token: Address::ZERO,
            modelId: B256::repeat_byte(5),
            inputPrice: 60_000,
            outputPrice: 240_000,
            expiresAt: 1_900_000_000,
            grace: 3_600,
            feeBps: 1_500,
            cancelBps: 0,
            proofCap: 0,
            salt: U256::from(9),
        }
    }

    fn voucher() -> Voucher {
        Voucher { sessionId: U256::from(1), inputTokens: 2, outputTokens: 3, head: B256::repeat_byte(4) }
    }

    #[test]
    fn types_are_those_of_the_protocol() {
        const TERMS: &str = "Terms(address renter,address host,address hostSigner,address voucherSigner,address token,\
            bytes32 modelId,uint128 inputPrice,uint128 outputPrice,uint64 expiresAt,uint32 grace,uint16 feeBps,\
            uint16 cancelBps,uint128 proofCap,uint256 salt)";
        assert_eq!(Terms::eip712_encode_type(), TERMS);
        assert_eq!(Order::eip712_encode_type(), format!("Order(Terms terms,uint256 deposit,uint64 deadline){TERMS}"),);
        assert_eq!(
            Voucher::eip712_encode_type(),
            "Voucher(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,bytes32 head)",
        );
        assert_eq!(
            Request::eip712_encode_type(),
            "Request(uint256 sessionId,uint64 turn,bytes32 context,bytes32 tokens,bytes32 params,uint64 maxTokens,\
             bytes32 nonce,bytes32 hostSeed)",
        );
        assert_eq!(Open::eip712_encode_type(), "Open(uint256 sessionId,bytes32 challenge,bytes32 channelKey)");
        assert_eq!(
            CloseRequest::eip712_encode_type(),
            "CloseRequest(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,uint64 deadline)",
        );
        assert_eq!(
            Checkpoint::eip712_encode_type(),
            "Checkpoint(uint256 sessionId,uint64 sequence,uint64 inputTokens,uint64 outputTokens,bytes32 head)",
        );
        assert_eq!(
            Close::eip712_encode_type(),
            "Close(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,uint64 deadline)",
        );
        assert_eq!(Quote::eip712_encode_type(), "Quote(uint256 sessionId,uint64 validUntil)");
        assert_eq!(Hello::eip712_encode_type(), "Hello(bytes32 challenge,bytes32 channelKey)");
    }

    #[test]
    fn digests_are_alloys() {
        let domain = Domain::new(8453, MARKET);
        let typed = domain.to_eip712();
        assert_eq!(terms().digest(&domain), terms().eip712_signing_hash(&typed));
        assert_eq!(voucher().digest(&domain), voucher().eip712_signing_hash(&typed));
        let order = Order { terms: terms(), deposit: U256::from(5), deadline: 6 };
        assert_eq!(order.digest(&domain), order.eip712_signing_hash(&typed));
    }

    #[test]
    fn signatures_are_worthless_elsewhere() {
        let domain = Domain::new(8453, MARKET);
        let signature = voucher().sign(&domain, &key(4));
        let expected = key(4).address();
        assert_eq!(voucher().verify(&domain, &signature, expected), Ok(()));

        let fork = Domain::new(8454, MARKET);
        let other_market = Domain::new(8453, Address::ZERO);
        for elsewhere in [&fork, &other_market] {
            let code = voucher().verify(elsewhere, &signature, expected).map_err(|e| e.code());
            assert!(matches!(code, Err(Code::WrongSigner | Code::BadSignature)), "{code:?}");
        }
        let mut tampered = voucher();
        tampered.outputTokens += 1;
        assert!(tampered.verify(&domain, &signature, expected).is_err());
        let stranger = key(5).address();
        assert_eq!(
            voucher().verify(&domain, &signature, stranger),
            Err(Error::WrongSigner { expected: stranger, actual: expected }),
        );
    }

    #[test]
    fn close_and_close_request_differ_though_their_fields_do_not() {
        let domain = Domain::new(1, MARKET);
        let close = Close { sessionId: U256::from(1), inputTokens: 2, outputTokens: 3, deadline: 4 };
        let request = CloseRequest { sessionId: U256::from(1), inputTokens: 2, outputTokens: 3, deadline: 4 };
        assert_ne!(close.digest(&domain), request.digest(&domain));
    }

    #[test]
    fn a_close_is_good_until_its_deadline() {
        let close = Close { sessionId: U256::from(1), inputTokens: 2, outputTokens: 3, deadline: 40 };
        assert_eq!(close.check_deadline(40), Ok(()));
        assert_eq!(close.check_deadline(41), Err(Error::Expired { deadline: 40, now: 41 }));
    }

    #[test]
    fn ids_differ_by_every_term_and_domain() {
        let domain = Domain::new(1, MARKET);
        let id = session_id(&terms(), &domain);
        assert_ne!(id, session_id(&terms(), &Domain::new(2, MARKET)));
        assert_ne!(id, session_id(&terms(), &Domain::new(1, Address::ZERO)));
        assert_ne!(id, session_id(&Terms { salt: U256::ZERO, ..terms() }, &domain));
        assert_ne!(id, session_id(&Terms { grace: 3_601, ..terms() }, &domain));
    }

    #[test]
    fn the_contract_gets_what_was_signed() {
        let domain = Domain::new(1, MARKET);
        let signature = voucher().sign(&domain, &key(4));
        let signed = voucher().with_signature(&signature);
        assert_eq!((signed.inputTokens, signed.outputTokens, signed.head), (2, 3, voucher().head));
        assert_eq!(signed.signature.as_ref(), signature.as_bytes());
        assert!(ISessionMarket::SignedVoucher::none().signature.is_empty());
    }
}
