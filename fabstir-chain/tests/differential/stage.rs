//! The chain that histories are played on: lanes of people who do not know each other, side by side in the same blocks.

use crate::{
    cast::{Cast, MODEL, proof_system},
    generate::FLOOR,
    history::{History, Role, Setting},
    model::{Books, Model},
    node::{Node, Request, decode, number, transaction, view},
    play::{Rules, Seen, Tally},
};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use fabstir_chain::{
    DeployConfig, TransactionQueue,
    anvil::{Anvil, AnvilConfig, dev_key},
    deploy::{self, TokenLimits},
};
use fabstir_core::{
    abi::{
        IFabToken,
        INodeRegistry::{self, ModelPrice},
        ISessionMarket,
    },
    amount::Prices,
    messages::Domain,
    session::Offer,
};
use serde_json::json;
use std::collections::HashMap;

/// Fee when a history begins, 1/10,000.
const FEE_BPS: u16 = 1_500;

const RICH: U256 = U256::from_limbs([0, 1 << 40, 0, 0]);

pub(crate) struct Stage {
    pub(crate) node: Node,
    domain: Domain,
    registry: Address,
    fab: Address,
    pub(crate) token: Address,
    pub(crate) owner: Address,
    nonces: HashMap<Address, u64>,
    pub(crate) salt: u64,
    /// As deployed.
    pub(crate) deployed: Rules,
    pub(crate) rules: Rules,
    /// See [`Model::wrong_by`].
    pub(crate) wrong_by: u64,
    pub(crate) tally: Tally,
    _anvil: Anvil,
}

/// One history while it is played.
pub(crate) struct Lane {
    pub(crate) cast: Cast,
    pub(crate) model: Model,
    pub(crate) history: History,
}

#[allow(missing_docs, reason = "the development token's")]
mod dollar {
    alloy_sol_types::sol! {
        function mint(address to, uint256 amount);
    }
}

impl Stage {
    /// A fresh chain with `lanes` hosts.
    pub(crate) async fn new(lanes: usize) -> Self {
        let free = ["--block-base-fee-per-gas", "0", "--gas-price", "0", "--disable-min-priority-fee"];
        let lean = ["--gas-limit", "1000000000", "--prune-history", "16", "--transaction-block-keeper", "64"];
        let arguments = free.iter().chain(&lean).map(ToString::to_string).collect();
        let anvil = Anvil::start(AnvilConfig { arguments, ..AnvilConfig::default() }).await.expect("anvil");
        let queue = TransactionQueue::new(anvil.provider().clone(), dev_key(0).expect("key")).expect("queue");
        let token = deploy::dev::deploy_token(&queue, "Dollar", "USDX", 6).await.expect("token");
        let limits = [TokenLimits::coin(), TokenLimits::dollar(token, 6).expect("limits")];
        let config = DeployConfig {
            fee_bps: FEE_BPS,
            proof_system: proof_system().address(),
            tokens: limits.to_vec(),
            ..DeployConfig::default()
        };
        let deployment = fabstir_chain::deploy(&queue, &config).await.expect("deployed");
        let limits = limits.map(|limits| (limits.min, limits.max));
        let proof_system = proof_system().address();
        let rules = Rules { fee_bps: FEE_BPS, limits, paused: false, proof_system };
        let node = Node::new(anvil.rpc_url());
        node.batch(&[("anvil_autoImpersonateAccount", json!([true])), ("evm_setAutomine", json!([false]))]).await;
        let mut stage = Self {
            node,
            domain: Domain::new(deployment.chain_id, deployment.market),
            registry: deployment.registry,
            fab: deployment.fab,
            token,
            owner: queue.account(),
            nonces: HashMap::new(),
            salt: 0,
            deployed: rules,
            rules,
            wrong_by: 0,
            tally: Tally::default(),
            _anvil: anvil,
        };
        let nonce = stage.node.one("eth_getTransactionCount", json!([stage.owner, "latest"])).await;
        stage.nonces.insert(stage.owner, number(&nonce).to());
        stage.equip(lanes).await;
        stage
    }

    pub(crate) fn market(&self) -> Address {
        self.domain.market()
    }

    pub(crate) fn send(&mut self, from: Address, to: Address, value: U256, input: Vec<u8>) -> Request {
        let nonce = self.nonces.entry(from).or_default();
        let request = transaction(from, *nonce, to, value, input);
        *nonce += 1;
        request
    }

    /// Sends these and wants them to succeed.
    pub(crate) async fn must(&mut self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        let hashes = self.node.batch(&requests).await;
        let next = self.node.timestamp().await + 1;
        let succeeded = self.node.mine(next, &hashes).await;
        if let Some(failed) = succeeded.iter().position(|ok| !ok) {
            panic!("{}: {}", requests[failed].1, self.node.reason(&hashes[failed]).await);
        }
    }

    /// Money and allowances for everybody, and a stake for every host.
    async fn equip(&mut self, lanes: usize) {
        let stake = self.node.batch(&[view(self.registry, &INodeRegistry::minStakeCall {})]).await;
        let stake = decode::<INodeRegistry::minStakeCall>(&stake[0]);
        let (market, token, owner) = (self.market(), self.token, self.owner);
        for lane in 0..lanes {
            let cast = Cast::new(self.domain.clone(), lane);
            let mut requests = Vec::new();
            for role in Role::ALL {
                let account = cast.address(role);
                requests.push(("anvil_setBalance", json!([account, RICH])));
            }
            self.node.batch(&requests).await;
            let mut requests = Vec::new();
            for role in Role::ALL {
                let account = cast.address(role);
                let mint = dollar::mintCall { to: account, amount: RICH };
                requests.push(self.send(owner, token, U256::ZERO, mint.abi_encode()));
                let approve = IFabToken::approveCall { spender: market, amount: U256::MAX };
                requests.push(self.send(account, token, U256::ZERO, approve.abi_encode()));
            }
            let (host, registry, fab) = (cast.address(Role::Host), self.registry, self.fab);
            let transfer = IFabToken::transferCall { to: host, amount: stake };
            requests.push(self.send(owner, fab, U256::ZERO, transfer.abi_encode()));
            let approve = IFabToken::approveCall { spender: registry, amount: stake };
            requests.push(self.send(host, fab, U256::ZERO, approve.abi_encode()));
            self.must(requests).await;
            let register = self.register(&cast);
            let request = self.send(host, registry, U256::ZERO, register);
            self.must(vec![request]).await;
        }
    }

    fn register(&self, cast: &Cast) -> Vec<u8> {
        let price = |token| ModelPrice { modelId: MODEL, token, inputPrice: FLOOR, outputPrice: FLOOR };
        INodeRegistry::registerCall {
            signer: cast.address(Role::HostSigner),
            apiUrl: "http://127.0.0.1:1".into(),
            metadata: "{}".into(),
            publicKey: Bytes::from([&[2_u8][..], &[1; 32]].concat()),
            prices: vec![price(Address::ZERO), price(self.token)],
        }
        .abi_encode()
    }

    /// Sets the stage for these histories: rules as deployed, empty books, the balances and rights their settings tell.
    pub(crate) async fn begin(&mut self, settings: Vec<Setting>) -> Vec<Lane> {
        self.reset_rules().await;
        let casts: Vec<Cast> = (0..settings.len()).map(|lane| Cast::new(self.domain.clone(), lane)).collect();
        for cast in &casts {
            self.empty_books(cast).await;
        }
        let began = self.node.timestamp().await + 100;
        let mut requests = Vec::new();
        for (cast, setting) in casts.iter().zip(&settings) {
            let (renter, market) = (cast.address(Role::Renter), self.market());
            // A wallet whose code is a revert.
            let code = if setting.refuses { "0x60006000fd" } else { "0x" };
            self.node
                .batch(&[("anvil_setBalance", json!([renter, RICH])), ("anvil_setCode", json!([renter, code]))])
                .await;
            let token = if setting.in_token { self.token } else { Address::ZERO };
            let (cap, seconds) = setting.delegate;
            let call = ISessionMarket::authorizeDelegateCall {
                delegate: cast.address(Role::Delegate),
                token,
                cap: cap.to_u96().expect("cap"),
                expiry: began + seconds,
            };
            requests.push(self.send(renter, market, U256::ZERO, call.abi_encode()));
            if !setting.balance.is_zero() {
                let amount = setting.balance.get();
                let value = if setting.in_token { U256::ZERO } else { amount };
                let call = ISessionMarket::depositCall { token, amount };
                requests.push(self.send(renter, market, value, call.abi_encode()));
            }
        }
        self.must(requests).await;
        let mut lanes = Vec::new();
        for (cast, setting) in casts.into_iter().zip(settings) {
            lanes.push(self.lane(cast, setting, began).await);
        }
        lanes
    }

    async fn lane(&mut self, cast: Cast, setting: Setting, began: u64) -> Lane {
        self.salt += 1;
        let terms = cast.terms(&setting, self.token, self.rules.fee_bps, began, U256::from(self.salt));
        let mut model = Model {
            domain: self.domain.clone(),
            market: self.rules.of(terms.token),
            offer: Offer { signer: terms.hostSigner, floors: Prices::new(FLOOR, FLOOR) },
            delegate: (cast.address(Role::Delegate), began + setting.delegate.1),
            refuses: setting.refuses,
            books: Books::default(),
            session: None,
            wrong_by: self.wrong_by,
            terms,
        };
        let answers = self.node.batch(&Seen::requests(self.market(), &cast, &model)).await;
        model.books = Seen::read(&model, &answers).books;
        // Books are empty but for what the setting has just put there.
        model.books.held_by_market = model.books.balance;
        Lane { cast, model, history: History { setting, steps: Vec::new() } }
    }

    async fn empty_books(&mut self, cast: &Cast) {
        let (market, to) = (self.market(), cast.purse());
        for token in [Address::ZERO, self.token] {
            let (host, renter) = (cast.address(Role::Host), cast.address(Role::Renter));
            let earnings = |account| view(market, &ISessionMarket::earningsOfCall { account, token });
            let balance = view(market, &ISessionMarket::balanceOfCall { renter, token });
            let answers = self.node.batch(&[earnings(host), earnings(renter), balance]).await;
            let mut requests = Vec::new();
            for (account, answer) in [(host, &answers[0]), (renter, &answers[1])] {
                if !decode::<ISessionMarket::earningsOfCall>(answer).net.is_zero() {
                    let call = ISessionMarket::withdrawCall { token, to };
                    requests.push(self.send(account, market, U256::ZERO, call.abi_encode()));
                }
            }
            let amount = decode::<ISessionMarket::balanceOfCall>(&answers[2]);
            if !amount.is_zero() {
                let call = ISessionMarket::withdrawBalanceCall { token, amount, to };
                requests.push(self.send(renter, market, U256::ZERO, call.abi_encode()));
            }
            let call = ISessionMarket::sweepFeesCall { hosts: vec![host], token };
            requests.push(self.send(host, market, U256::ZERO, call.abi_encode()));
            self.must(requests).await;
        }
    }
}
