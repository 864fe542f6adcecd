// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../../src/interfaces/IFabToken.sol";
import {INodeRegistry} from "../../../src/interfaces/INodeRegistry.sol";
import {ISessionMarket} from "../../../src/interfaces/ISessionMarket.sol";
import {BareToken} from "../../tokens/BareToken.sol";
import {DevToken} from "../../tokens/DevToken.sol";
import {Deploy} from "../../utils/Deploy.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";
import {Messages} from "./Messages.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title SessionMarketTest
/// @notice One market, one host, one renter with coin and tokens, and what they sign.
abstract contract SessionMarketTest is Test {
    address internal constant COIN = address(0);
    uint16 internal constant FEE_BPS = 1500;
    uint16 internal constant CANCEL_BPS = 400;
    bytes32 internal constant MODEL = keccak256("model");
    bytes32 internal constant HEAD = keccak256("head");
    uint96 internal constant COIN_MIN = 0.0002 ether;
    uint96 internal constant COIN_MAX = 1000 ether;
    uint96 internal constant TOKEN_MIN = 0.8e6;
    uint96 internal constant TOKEN_MAX = 1_000_000e6;

    /// @dev Deposits of the sessions that tests open.
    uint256 internal constant COIN_DEPOSIT = 1 ether;
    uint256 internal constant TOKEN_DEPOSIT = 100e6;

    ISessionMarket internal market;
    INodeRegistry internal registry;
    DevToken internal token;

    address internal owner;
    address internal treasury;
    address internal prover;
    address internal host;
    address internal stranger;
    address internal renter;
    address internal hostSigner;
    address internal voucherSigner;
    address internal delegate;
    uint256 internal renterKey;
    uint256 internal hostSignerKey;
    uint256 internal voucherSignerKey;
    uint256 internal delegateKey;
    uint256 internal strangerKey;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        owner = makeAddr("owner");
        treasury = makeAddr("treasury");
        prover = makeAddr("prover");
        host = makeAddr("host");
        (stranger, strangerKey) = makeAccount("stranger");
        (renter, renterKey) = makeAccount("renter");
        (hostSigner, hostSignerKey) = makeAccount("hostSigner");
        (voucherSigner, voucherSignerKey) = makeAccount("voucherSigner");
        (delegate, delegateKey) = makeAccount("delegate");

        IFabToken fab = Deploy.fabToken(address(this), host);
        registry = Deploy.nodeRegistry(owner, address(fab), 1000e18, 7 days, 4096);
        market = Deploy.sessionMarket(owner, address(registry), prover, treasury, FEE_BPS);
        token = new DevToken("Dev Dollar", "DEV", 6);

        accept(COIN, COIN_MIN, COIN_MAX);
        accept(address(token), TOKEN_MIN, TOKEN_MAX);
        vm.prank(host);
        fab.approve(address(registry), type(uint256).max);
        register();
        fund(renter);
        fund(stranger);
    }

    /// @dev The host joins, its floors at half of the usual prices.
    function register() internal {
        bytes memory publicKey = abi.encodePacked(bytes1(0x02), keccak256("public key"));
        INodeRegistry.ModelPrice[] memory prices = new INodeRegistry.ModelPrice[](2);
        prices[0] = INodeRegistry.ModelPrice(MODEL, COIN, 1e14, 5e14);
        prices[1] = INodeRegistry.ModelPrice(MODEL, address(token), 100_000, 300_000);
        vm.prank(host);
        registry.register(hostSigner, "https://host.example", "{}", publicKey, prices);
    }

    /// @dev Accepts a token of the kind under test, offers the model in it, and funds the renter.
    function introduce(address asset) internal {
        accept(asset, TOKEN_MIN, TOKEN_MAX);
        INodeRegistry.ModelPrice[] memory prices = new INodeRegistry.ModelPrice[](1);
        prices[0] = INodeRegistry.ModelPrice(MODEL, asset, 100_000, 300_000);
        vm.prank(host);
        registry.setPrices(prices);
        BareToken(asset).mint(renter, 10_000_000e6);
        vm.prank(renter);
        (bool ok,) = asset.call(abi.encodeWithSignature("approve(address,uint256)", market, type(uint256).max));
        assertTrue(ok, "approve");
    }

    /* ACTORS */

    function fund(address account) internal {
        vm.deal(account, 10_000 ether);
        token.mint(account, 10_000_000e6);
        vm.prank(account);
        token.approve(address(market), type(uint256).max);
    }

    function accept(address asset, uint96 min, uint96 max) internal {
        vm.prank(owner);
        market.setTokenLimits(asset, min, max);
    }

    /* TERMS */

    function termsIn(address asset) internal view returns (ISessionMarket.Terms memory t) {
        t.renter = renter;
        t.host = host;
        t.hostSigner = hostSigner;
        t.voucherSigner = voucherSigner;
        t.token = asset;
        t.modelId = MODEL;
        t.inputPrice = asset == COIN ? 2e14 : 200_000;
        t.outputPrice = asset == COIN ? 1e15 : 600_000;
        t.expiresAt = uint64(timestamp() + 1 days);
        t.grace = 1 hours;
        t.feeBps = FEE_BPS;
        t.cancelBps = CANCEL_BPS;
        t.salt = uint256(keccak256("salt"));
    }

    function coinTerms() internal view returns (ISessionMarket.Terms memory) {
        return termsIn(COIN);
    }

    function tokenTerms() internal view returns (ISessionMarket.Terms memory) {
        return termsIn(address(token));
    }

    function idOf(ISessionMarket.Terms memory t) internal view returns (uint256) {
        return uint256(Messages.digest(address(market), Messages.terms(t)));
    }

    /// @dev `gross` as the protocol writes it.
    function grossOf(ISessionMarket.Terms memory t, uint64 inputTokens, uint64 outputTokens)
        internal
        pure
        returns (uint256)
    {
        return (uint256(inputTokens) * t.inputPrice + uint256(outputTokens) * t.outputPrice) / 1e6;
    }

    /* MESSAGES */

    function sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        return signature(key, Messages.digest(address(market), structHash));
    }

    function noVoucher() internal pure returns (ISessionMarket.SignedVoucher memory v) {}

    function noQuote() internal pure returns (ISessionMarket.SignedQuote memory q) {}

    function voucherFor(ISessionMarket.Terms memory t, uint64 inputTokens, uint64 outputTokens)
        internal
        view
        returns (ISessionMarket.SignedVoucher memory)
    {
        return voucherBy(voucherSignerKey, idOf(t), inputTokens, outputTokens);
    }

    function voucherBy(uint256 key, uint256 id, uint64 inputTokens, uint64 outputTokens)
        internal
        view
        returns (ISessionMarket.SignedVoucher memory)
    {
        bytes memory signed = sign(key, Messages.voucher(id, inputTokens, outputTokens, HEAD));
        return ISessionMarket.SignedVoucher(inputTokens, outputTokens, HEAD, signed);
    }

    function closeFor(ISessionMarket.Terms memory t, uint64 inputTokens, uint64 outputTokens)
        internal
        view
        returns (ISessionMarket.SignedClose memory)
    {
        uint64 deadline = uint64(timestamp() + 10 minutes);
        bytes memory signed = sign(hostSignerKey, Messages.close(idOf(t), inputTokens, outputTokens, deadline));
        return ISessionMarket.SignedClose(inputTokens, outputTokens, deadline, signed);
    }

    function requestBy(uint256 key, ISessionMarket.Terms memory t, uint64 inputTokens, uint64 outputTokens)
        internal
        view
        returns (ISessionMarket.SignedCloseRequest memory)
    {
        uint64 deadline = uint64(timestamp() + 10 minutes);
        bytes memory signed = sign(key, Messages.closeRequest(idOf(t), inputTokens, outputTokens, deadline));
        return ISessionMarket.SignedCloseRequest(inputTokens, outputTokens, deadline, signed);
    }

    /// @dev What a renter sends itself: counts, no signature.
    function requestAt(uint64 inputTokens, uint64 outputTokens)
        internal
        pure
        returns (ISessionMarket.SignedCloseRequest memory r)
    {
        r.inputTokens = inputTokens;
        r.outputTokens = outputTokens;
    }

    function quoteFor(ISessionMarket.Terms memory t) internal view returns (ISessionMarket.SignedQuote memory) {
        uint64 validUntil = uint64(timestamp() + 300);
        return ISessionMarket.SignedQuote(validUntil, sign(hostSignerKey, Messages.quote(idOf(t), validUntil)));
    }

    /* CALLS */

    function depositIn(address asset) internal pure returns (uint256) {
        return asset == COIN ? COIN_DEPOSIT : TOKEN_DEPOSIT;
    }

    /// @dev Opens from the renter's wallet with the usual deposit.
    function open(ISessionMarket.Terms memory t) internal returns (uint256 id) {
        return open(t, depositIn(t.token));
    }

    function open(ISessionMarket.Terms memory t, uint256 amount) internal returns (uint256 id) {
        vm.prank(t.renter);
        return market.createSessionJob{value: t.token == COIN ? amount : 0}(t, amount, noQuote());
    }

    function cancel(ISessionMarket.Terms memory t, uint64 inputTokens, uint64 outputTokens) internal {
        vm.prank(t.renter);
        market.cancelSession(t, requestAt(inputTokens, outputTokens));
    }

    function extend(ISessionMarket.Terms memory t, uint256 amount, uint16 extensionHours) internal {
        vm.prank(t.renter);
        market.extendSession{value: t.token == COIN ? amount : 0}(t, amount, extensionHours);
    }

    /// @dev Leaves the session to its clock and ends it.
    function timeOut(ISessionMarket.Terms memory t) internal {
        vm.warp(market.getSessionMetrics(t).timeoutAt);
        market.triggerSessionTimeout(t);
    }

    /* STATE */

    function details(ISessionMarket.Terms memory t) internal view returns (ISessionMarket.SessionDetails memory) {
        return market.getSessionDetails(idOf(t));
    }

    function holding(address asset, address account) internal view returns (uint256) {
        return asset == COIN ? account.balance : IERC20(asset).balanceOf(account);
    }

    function netOf(address account, address asset) internal view returns (uint256 net) {
        (net,) = market.earningsOf(account, asset);
    }

    function feeOf(address account, address asset) internal view returns (uint256 fee) {
        (, fee) = market.earningsOf(account, asset);
    }

    function assertStatus(ISessionMarket.Terms memory t, ISessionMarket.Status status) internal view {
        assertEq(uint256(details(t).status), uint256(status), "status");
    }

    function assertReason(ISessionMarket.Reason left, ISessionMarket.Reason right) internal pure {
        assertEq(uint256(left), uint256(right), "reason");
    }

    /* EXPECTED ERRORS */

    function expectRefused(ISessionMarket.Reason reason) internal {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_Refused.selector, reason));
    }

    function expectUnauthorized(address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_Unauthorized.selector, caller));
    }

    function expectBadSignature() internal {
        vm.expectRevert(ISessionMarket.SessionMarket_BadSignature.selector);
    }

    function expectNotActive(ISessionMarket.Terms memory t, ISessionMarket.Status status) internal {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_NotActive.selector, idOf(t), status));
    }

    function expectInsufficient(uint256 available, uint256 requested) internal {
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_Insufficient.selector, available, requested)
        );
    }
}
