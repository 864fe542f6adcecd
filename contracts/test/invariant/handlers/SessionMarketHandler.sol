// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../../src/interfaces/ISessionMarket.sol";
import {ContractWallet} from "../../SessionMarket/utils/ContractWallet.sol";
import {Messages} from "../../SessionMarket/utils/Messages.sol";
import {DevToken} from "../../tokens/DevToken.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";

/// @notice Random moves of three renters, two hosts, the proof system, the owner and a stranger, in coin and in a token.
/// One renter is a contract that refuses coin, so that its refunds bounce. No move may revert.
contract SessionMarketHandler is Test {
    /// @notice Most sessions opened in a run.
    uint256 public constant MAX_SESSIONS = 24;
    uint256 public constant RENTERS = 3;
    uint256 public constant HOSTS = 2;
    bytes32 public constant MODEL = keccak256("model");
    address internal constant COIN = address(0);

    ISessionMarket internal immutable market;
    DevToken internal immutable token;
    address internal immutable owner;
    address internal immutable prover;

    address[] public renters;
    address[] public hosts;
    uint256[] internal _hostSignerKeys;
    uint256[] internal _renterKeys;
    uint256 internal _voucherSignerKey;
    address internal _voucherSigner;

    ISessionMarket.Terms[] internal _sessions;
    /// @notice Coin and token that came in, and that went out, over the market's life.
    mapping(address asset => uint256) public paidIn;
    mapping(address asset => uint256) public paidOut;
    /// @notice Fees swept so far.
    mapping(address asset => uint256) public swept;

    constructor(ISessionMarket market_, DevToken token_, address owner_, address prover_) {
        (market, token, owner, prover) = (market_, token_, owner_, prover_);
        (_voucherSigner, _voucherSignerKey) = makeAccount("voucherSigner");
        for (uint256 i; i < HOSTS; ++i) {
            hosts.push(makeAddr(string.concat("host", vm.toString(i))));
            (, uint256 key) = makeAccount(string.concat("hostSigner", vm.toString(i)));
            _hostSignerKeys.push(key);
        }
        for (uint256 i; i < RENTERS - 1; ++i) {
            (address renter, uint256 key) = makeAccount(string.concat("renter", vm.toString(i)));
            renters.push(renter);
            _renterKeys.push(key);
        }
        ContractWallet wallet = new ContractWallet();
        wallet.setMood(ContractWallet.Mood.Rejecting);
        renters.push(address(wallet));
        for (uint256 i; i < RENTERS; ++i) {
            vm.deal(renters[i], 1e9 ether);
            token.mint(renters[i], 1e18);
            vm.prank(renters[i]);
            token.approve(address(market), type(uint256).max);
        }
    }

    /* READING */

    function sessionCount() external view returns (uint256) {
        return _sessions.length;
    }

    function session(uint256 index) external view returns (ISessionMarket.Terms memory) {
        return _sessions[index];
    }

    function hostSigner(uint256 index) public view returns (address) {
        return vm.addr(_hostSignerKeys[index]);
    }

    function assets() public view returns (address[2] memory) {
        return [COIN, address(token)];
    }

    /* OPENING */

    function open(uint256 seed, uint256 amount, uint16 cancelBps, uint128 proofCap) external {
        if (_sessions.length == MAX_SESSIONS) return;
        ISessionMarket.Terms memory t = _terms(seed, cancelBps, proofCap);
        amount = _amount(t.token, amount);
        ISessionMarket.SignedQuote memory none;
        _in(t.token, amount);
        vm.prank(t.renter);
        market.createSessionJob{value: t.token == COIN ? amount : 0}(t, amount, none);
        _sessions.push(t);
    }

    function openFromBalance(uint256 seed, uint256 amount, uint16 cancelBps, uint128 proofCap) external {
        if (_sessions.length == MAX_SESSIONS) return;
        ISessionMarket.Terms memory t = _terms(seed, cancelBps, proofCap);
        uint256 renter = seed % (RENTERS - 1); // one with a key
        t.renter = renters[renter];
        amount = _amount(t.token, amount);
        if (market.balanceOf(t.renter, t.token) < amount) return;
        ISessionMarket.Authorization memory a;
        a.deadline = uint64(timestamp());
        a.orderSignature = _sign(_renterKeys[renter], Messages.order(t, amount, a.deadline));
        market.createSessionJobFor(t, amount, a);
        _sessions.push(t);
    }

    /* BALANCES */

    function deposit(uint256 seed, uint256 amount) external {
        (address renter, address asset) = (renters[seed % RENTERS], assets()[seed >> 8 & 1]);
        amount = _amount(asset, amount) * 4;
        _in(asset, amount);
        vm.prank(renter);
        market.deposit{value: asset == COIN ? amount : 0}(asset, amount);
    }

    function withdrawBalance(uint256 seed, uint256 amount) external {
        (address renter, address asset) = (renters[seed % RENTERS], assets()[seed >> 8 & 1]);
        amount = bound(amount, 0, market.balanceOf(renter, asset));
        paidOut[asset] += amount;
        vm.prank(renter);
        market.withdrawBalance(asset, amount, address(0xBEEF));
    }

    /* SETTLING */

    function settle(uint256 seed, uint64 inputTokens, uint64 outputTokens) external {
        (bool ok, ISessionMarket.Terms memory t) = _active(seed);
        if (!ok) return;
        ISessionMarket.SignedVoucher memory v = _voucher(t, inputTokens, outputTokens);
        ISessionMarket.SessionDetails memory d = market.getSessionDetails(market.sessionIdOf(t));
        if (_payable(t, v, d.deposit) <= d.settled) return;
        market.settle(t, v);
    }

    /// @dev Any session and any counts: the batch takes what it can.
    function settleBatch(uint256 seed, uint64[4] calldata inputs, uint64[4] calldata outputs) external {
        if (_sessions.length == 0) return;
        ISessionMarket.Settlement[] memory items = new ISessionMarket.Settlement[](4);
        for (uint256 i; i < 4; ++i) {
            ISessionMarket.Terms memory t = _sessions[(seed >> 16 * i) % _sessions.length];
            items[i] = ISessionMarket.Settlement(t, _voucher(t, inputs[i], outputs[i]));
            if (inputs[i] % 8 == 7) items[i].voucher.outputTokens ^= 1; // tampered
        }
        market.settleBatch(items);
    }

    /* ENDING */

    function complete(uint256 seed, uint64 inputTokens, uint64 outputTokens, bool withVoucher) external {
        (bool ok, ISessionMarket.Terms memory t) = _active(seed);
        if (!ok || seed % 3 != 0) return;
        ISessionMarket.SignedVoucher memory v;
        if (withVoucher) v = _voucher(t, inputTokens, outputTokens);
        Before memory before = _before(t);
        vm.prank(seed % 2 == 0 ? t.host : t.hostSigner);
        market.completeSession(t, v);
        _out(t, before);
    }

    function completeWithClose(uint256 seed, uint64 inputTokens, uint64 outputTokens, bool byRenter) external {
        (bool ok, ISessionMarket.Terms memory t) = _active(seed);
        if (!ok || seed % 3 != 0) return;
        ISessionMarket.SignedVoucher memory v = _voucher(t, inputTokens, outputTokens);
        ISessionMarket.SignedClose memory c;
        (c.inputTokens, c.outputTokens, c.deadline) = (v.inputTokens, v.outputTokens, uint64(timestamp()));
        uint256 key = _hostSignerKeys[t.host == hosts[0] ? 0 : 1];
        c.signature = _sign(key, Messages.close(market.sessionIdOf(t), c.inputTokens, c.outputTokens, c.deadline));
        if (byRenter) delete v;
        Before memory before = _before(t);
        vm.prank(byRenter ? t.renter : address(0xBEEF));
        market.completeSessionWithClose(t, v, c);
        _out(t, before);
    }

    function cancel(uint256 seed, uint64 inputTokens, uint64 outputTokens) external {
        (bool ok, ISessionMarket.Terms memory t) = _active(seed);
        if (!ok) return;
        ISessionMarket.SessionDetails memory d = market.getSessionDetails(market.sessionIdOf(t));
        if (d.closingAt != 0 || timestamp() >= market.getSessionMetrics(t).timeoutAt) return;
        ISessionMarket.SignedCloseRequest memory r;
        (r.inputTokens, r.outputTokens) = (_count(inputTokens), _count(outputTokens));
        vm.prank(t.renter);
        market.cancelSession(t, r);
    }

    function extend(uint256 seed, uint256 amount, uint16 hours_) external {
        (bool ok, ISessionMarket.Terms memory t) = _active(seed);
        if (!ok || timestamp() >= market.getSessionMetrics(t).timeoutAt) return;
        amount = seed % 2 == 0 ? 0 : _amount(t.token, amount);
        _in(t.token, amount);
        vm.prank(t.renter);
        market.extendSession{value: t.token == COIN ? amount : 0}(t, amount, uint16(bound(hours_, 0, 24)));
    }

    function topUp(uint256 seed, uint256 amount) external {
        (bool ok, ISessionMarket.Terms memory t) = _active(seed);
        if (!ok) return;
        amount = _amount(t.token, amount);
        _in(t.token, amount);
        vm.prank(renters[0]);
        market.topUp{value: t.token == COIN ? amount : 0}(t, amount);
    }

    function timeOut(uint256 seed) external {
        (bool ok, ISessionMarket.Terms memory t) = _active(seed);
        if (!ok || timestamp() < market.getSessionMetrics(t).timeoutAt) return;
        Before memory before = _before(t);
        market.triggerSessionTimeout(t);
        _out(t, before);
    }

    /* PAYMENTS */

    function withdraw(uint256 seed) external {
        address asset = assets()[seed >> 8 & 1];
        uint256 who = seed % (HOSTS + RENTERS);
        address account = who < HOSTS ? hosts[who] : renters[who - HOSTS];
        (uint256 net,) = market.earningsOf(account, asset);
        if (net == 0) return;
        paidOut[asset] += net;
        vm.prank(account);
        market.withdraw(asset, address(0xBEEF));
    }

    function sweep(uint256 seed) external {
        address asset = assets()[seed & 1];
        for (uint256 i; i < HOSTS; ++i) {
            (, uint256 fee) = market.earningsOf(hosts[i], asset);
            paidOut[asset] += fee;
            swept[asset] += fee;
        }
        market.sweepFees(hosts, asset);
    }

    /* PROOF SYSTEM */

    function hold(uint256 seed, uint96 amount) external {
        (bool ok, ISessionMarket.Terms memory t) = _active(seed);
        if (!ok) return;
        ISessionMarket.SessionDetails memory d = market.getSessionDetails(market.sessionIdOf(t));
        uint256 room = t.proofCap > d.held ? t.proofCap - d.held : 0;
        uint256 unspent = d.deposit - d.settled;
        vm.prank(prover);
        market.hold(t, uint96(bound(amount, 0, room < unspent ? room : unspent)));
    }

    function payHeld(uint256 seed, uint96 amount) external {
        if (_sessions.length == 0) return;
        ISessionMarket.Terms memory t = _sessions[seed % _sessions.length];
        uint96 held = market.getSessionDetails(market.sessionIdOf(t)).held;
        vm.prank(prover);
        market.payHeld(t, uint96(bound(amount, 0, held)));
    }

    function release(uint256 seed, uint96 amount) external {
        if (_sessions.length == 0) return;
        ISessionMarket.Terms memory t = _sessions[seed % _sessions.length];
        uint96 held = market.getSessionDetails(market.sessionIdOf(t)).held;
        Before memory before = _before(t);
        vm.prank(prover);
        market.release(t, uint96(bound(amount, 0, held)));
        _out(t, before);
    }

    /* THE REST */

    function govern(uint16 feeBps) external {
        vm.prank(owner);
        market.setFee(uint16(bound(feeBps, 0, 3000)));
    }

    function wait(uint256 duration) external {
        skip(bound(duration, 1, 6 hours));
    }

    /* INTERNAL */

    struct Before {
        uint256 wallet;
    }

    function _before(ISessionMarket.Terms memory t) private view returns (Before memory) {
        return Before(_holding(t.token, t.renter));
    }

    /// @dev What a renter's wallet got in a move.
    function _out(ISessionMarket.Terms memory t, Before memory before) private {
        paidOut[t.token] += _holding(t.token, t.renter) - before.wallet;
    }

    function _in(address asset, uint256 amount) private {
        paidIn[asset] += amount;
    }

    function _holding(address asset, address account) private view returns (uint256) {
        return asset == COIN ? account.balance : token.balanceOf(account);
    }

    function _terms(uint256 seed, uint16 cancelBps, uint128 proofCap)
        private
        view
        returns (ISessionMarket.Terms memory t)
    {
        t.renter = renters[seed % RENTERS];
        uint256 host = (seed >> 8) % HOSTS;
        t.host = hosts[host];
        t.hostSigner = hostSigner(host);
        t.voucherSigner = _voucherSigner;
        t.token = assets()[seed >> 16 & 1];
        t.modelId = MODEL;
        t.inputPrice = t.token == COIN ? 2e14 : 200_003;
        t.outputPrice = t.token == COIN ? 1e15 : 600_007;
        t.expiresAt = uint64(timestamp() + 1 hours + (seed >> 32) % 1 days);
        t.grace = 15 minutes;
        t.feeBps = market.getSessionRequirements(t.token).feeBps;
        t.cancelBps = uint16(bound(cancelBps, 0, 500));
        t.proofCap = uint128(bound(proofCap, 0, t.token == COIN ? 1 ether : 100e6));
        t.salt = _sessions.length;
    }

    function _amount(address asset, uint256 amount) private pure returns (uint256) {
        return asset == COIN ? bound(amount, 0.0002 ether, 2 ether) : bound(amount, 0.8e6, 200e6);
    }

    function _count(uint64 tokens) private pure returns (uint64) {
        return uint64(bound(tokens, 0, 1_000_000_000));
    }

    function _active(uint256 seed) private view returns (bool ok, ISessionMarket.Terms memory t) {
        uint256 count = _sessions.length;
        for (uint256 i; i < count; ++i) {
            t = _sessions[(seed % count + i) % count];
            if (market.getSessionDetails(market.sessionIdOf(t)).status == ISessionMarket.Status.Active) {
                return (true, t);
            }
        }
    }

    function _payable(ISessionMarket.Terms memory t, ISessionMarket.SignedVoucher memory v, uint256 locked)
        private
        pure
        returns (uint256)
    {
        uint256 gross = (uint256(v.inputTokens) * t.inputPrice + uint256(v.outputTokens) * t.outputPrice) / 1e6;
        return gross < locked ? gross : locked;
    }

    function _voucher(ISessionMarket.Terms memory t, uint64 inputTokens, uint64 outputTokens)
        private
        view
        returns (ISessionMarket.SignedVoucher memory v)
    {
        (v.inputTokens, v.outputTokens) = (_count(inputTokens), _count(outputTokens));
        bytes32 structHash = Messages.voucher(market.sessionIdOf(t), v.inputTokens, v.outputTokens, v.head);
        v.signature = _sign(_voucherSignerKey, structHash);
    }

    function _sign(uint256 key, bytes32 structHash) private view returns (bytes memory) {
        return signature(key, Messages.digest(address(market), structHash));
    }
}
