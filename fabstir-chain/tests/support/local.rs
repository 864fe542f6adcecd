//! A local chain with the contracts, a 6-decimal token, a registered host and a renter with money.

use alloy_primitives::{Address, B256, Bytes, U256};
use fabstir_chain::{
    Chain, ChainConfig, DeployConfig, Deployment, NodeDescription, RpcLimits, TransactionQueue, Wallet,
    anvil::{Anvil, AnvilConfig, dev_key},
    deploy::{TokenLimits, dev},
};
use fabstir_core::{
    abi::{INodeRegistry::ModelPrice, ISessionMarket::SignedVoucher, Terms},
    amount::Amount,
    messages::{Signed, Voucher},
    signature::SigningKey,
};
use std::time::Duration;

pub(crate) const MODEL: B256 = B256::repeat_byte(0x30);
pub(crate) const INPUT_PRICE: u128 = 60_000;
pub(crate) const OUTPUT_PRICE: u128 = 3_000_000;
pub(crate) const FEE_BPS: u16 = 1_500;

pub(crate) struct Local {
    pub(crate) anvil: Anvil,
    pub(crate) deployment: Deployment,
    pub(crate) owner: Wallet,
    pub(crate) host: Wallet,
    pub(crate) renter: Wallet,
    pub(crate) host_signer: SigningKey,
    pub(crate) voucher_signer: SigningKey,
    /// 6 decimals.
    pub(crate) token: Address,
}

pub(crate) fn limits() -> RpcLimits {
    RpcLimits {
        poll_interval: Duration::from_millis(20),
        receipt_timeout: Duration::from_secs(30),
        ..RpcLimits::default()
    }
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32]).expect("key")
}

impl Local {
    /// Starts and deploys; everything that follows can rely on it.
    pub(crate) async fn start() -> Self {
        Self::with_proof_system(Address::ZERO).await
    }

    pub(crate) async fn with_proof_system(proof_system: Address) -> Self {
        let anvil = Anvil::start(AnvilConfig::default()).await.expect("anvil starts");
        let queue = TransactionQueue::new(anvil.provider().clone(), dev_key(0).expect("key")).expect("queue");
        let token = dev::deploy_token(&queue, "Dollar", "USDX", 6).await.expect("token");
        let tokens = vec![TokenLimits::coin(), TokenLimits::dollar(token, 6).expect("limits")];
        let config = DeployConfig { tokens, proof_system, ..DeployConfig::default() };
        let deployment = fabstir_chain::deploy(&queue, &config).await.expect("deployed");
        let chain = connect(&anvil, &deployment, 1).await;
        let local = Self {
            owner: Wallet::with_queue(chain.clone(), queue),
            host: Wallet::new(chain.clone(), dev_key(1).expect("key")).expect("host"),
            renter: Wallet::new(chain, dev_key(2).expect("key")).expect("renter"),
            host_signer: key(0x51),
            voucher_signer: key(0x52),
            anvil,
            deployment,
            token,
        };
        local.fund().await;
        local
    }

    async fn fund(&self) {
        let stake = self.chain().min_stake().await.expect("stake");
        self.owner.transfer(self.deployment.fab, self.host.address(), stake).await.expect("stake sent");
        self.host.approve(self.deployment.fab, self.chain().registry(), stake).await.expect("approved");
        let node = NodeDescription {
            signer: self.host_signer.address(),
            api_url: "http://127.0.0.1:8080".into(),
            metadata: "{}".into(),
            public_key: Bytes::from([&[2_u8][..], &[1; 32]].concat()),
        };
        let price = |token| ModelPrice { modelId: MODEL, token, inputPrice: INPUT_PRICE, outputPrice: OUTPUT_PRICE };
        self.host.register(node, vec![price(Address::ZERO), price(self.token)]).await.expect("registered");
        let amount = Amount::parse_units("10000", 6).expect("amount");
        dev::mint(self.owner.queue(), self.token, self.renter.address(), amount).await.expect("minted");
    }

    pub(crate) fn chain(&self) -> &Chain {
        self.renter.chain()
    }

    /// Terms that can be opened now, for an hour.
    pub(crate) async fn terms(&self, token: Address, salt: u64) -> Terms {
        Terms {
            renter: self.renter.address(),
            host: self.host.address(),
            hostSigner: self.host_signer.address(),
            voucherSigner: self.voucher_signer.address(),
            token,
            modelId: MODEL,
            inputPrice: if token.is_zero() { 60_000_000_000_000_000 } else { INPUT_PRICE },
            outputPrice: if token.is_zero() { 300_000_000_000_000_000 } else { OUTPUT_PRICE },
            expiresAt: self.chain().now().await.expect("time") + 3_600,
            grace: 900,
            feeBps: FEE_BPS,
            cancelBps: 0,
            proofCap: 0,
            salt: U256::from(salt),
        }
    }

    pub(crate) fn voucher(&self, terms: &Terms, input: u64, output: u64) -> SignedVoucher {
        self.voucher_by(&self.voucher_signer, terms, input, output)
    }

    pub(crate) fn voucher_by(&self, signer: &SigningKey, terms: &Terms, input: u64, output: u64) -> SignedVoucher {
        let voucher = Voucher {
            sessionId: self.chain().session_id(terms),
            inputTokens: input,
            outputTokens: output,
            head: B256::repeat_byte(7),
        };
        voucher.with_signature(&voucher.sign(self.chain().domain(), signer))
    }
}

pub(crate) async fn connect(anvil: &Anvil, deployment: &Deployment, confirmations: u64) -> Chain {
    let config = ChainConfig { confirmations, limits: limits(), ..deployment.chain_config(anvil.rpc_url()) };
    Chain::connect(config).await.expect("connected")
}
