// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

contract ViewsTest is SessionMarketTest {
    /* ID */

    function testFuzz_IdIsTheDigestOfTheTerms(ISessionMarket.Terms memory t) external view {
        assertEq(market.sessionIdOf(t), idOf(t), "id");
    }

    function testFuzz_IdChangesWithEveryMember(ISessionMarket.Terms memory t, uint256 member, uint256 bit)
        external
        view
    {
        uint256 id = market.sessionIdOf(t);
        bytes memory encoded = abi.encode(t);
        uint8[14] memory widths = [160, 160, 160, 160, 160, 255, 128, 128, 64, 32, 16, 16, 128, 255];
        member = bound(member, 0, widths.length - 1);
        bit = bound(bit, 0, widths[member] - 1);
        encoded[member * 32 + 31 - bit / 8] ^= bytes1(uint8(1 << bit % 8));
        assertNotEq(market.sessionIdOf(abi.decode(encoded, (ISessionMarket.Terms))), id);
    }

    function test_IdChangesWithChainAndContract() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = market.sessionIdOf(t);
        ISessionMarket other = Deploy.sessionMarket(owner, address(registry), prover, treasury, FEE_BPS);
        assertNotEq(other.sessionIdOf(t), id);
        vm.chainId(8453);
        assertNotEq(market.sessionIdOf(t), id);
        assertEq(market.sessionIdOf(t), idOf(t), "as the protocol has it there");
    }

    function test_DomainIsDiscoverable() external view {
        (, string memory name, string memory version, uint256 chainId, address verifier,,) =
            IERC5267(address(market)).eip712Domain();
        assertEq(name, "Fabstir");
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(verifier, address(market));
    }

    /* DETAILS AND METRICS */

    function test_DetailsOfAnUnknownSession() external view {
        ISessionMarket.SessionDetails memory empty;
        assertEq(abi.encode(market.getSessionDetails(1)), abi.encode(empty), "details");
    }

    function testFuzz_Metrics(uint64 outputTokens, uint16 hours_, bool closing) external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.proofCap = 10e6;
        open(t);
        hours_ = uint16(bound(hours_, 0, 1000));
        extend(t, 0, hours_);
        vm.prank(prover);
        market.hold(t, 10e6);
        if (closing) cancel(t, 0, outputTokens);
        else if (grossOf(t, 0, outputTokens) != 0) market.settle(t, voucherFor(t, 0, outputTokens));

        uint256 gross = grossOf(t, 0, outputTokens);
        uint256 settled = gross < 90e6 ? gross : 90e6;
        ISessionMarket.SessionDetails memory d = details(t);
        assertEq(d.deposit, 90e6, "deposit");
        assertEq(d.settled, settled, "settled");
        assertEq(d.held, 10e6, "held");
        assertEq(d.extensionHours, hours_, "hours");
        assertEq(d.closingAt, closing ? timestamp() + t.grace : 0, "closingAt");

        ISessionMarket.SessionMetrics memory m = market.getSessionMetrics(t);
        assertEq(m.sessionId, idOf(t), "id");
        assertEq(uint256(m.status), uint256(ISessionMarket.Status.Active), "status");
        assertEq(m.feePaid, settled * FEE_BPS / 10_000, "fee");
        assertEq(m.hostPaid, settled - m.feePaid, "net");
        assertEq(m.unspent, 90e6 - settled, "unspent");
        assertEq(m.expiresAt, t.expiresAt + uint256(hours_) * 1 hours, "expiresAt");
        assertEq(m.timeoutAt, closing ? d.closingAt : m.expiresAt + t.grace, "timeoutAt");
        bool due = closing && settled * 10 >= 90e6;
        assertEq(m.cancellationFee, due ? m.unspent * CANCEL_BPS / 10_000 : 0, "cancellation fee");
    }

    /* OPENING */

    function test_CanHostProcessSession() external {
        ISessionMarket.Terms memory t = coinTerms();
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.Ok);
        t.outputPrice = 1;
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.PriceBelowFloor);
        t.outputPrice = 0;
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.BadTerms);
        t = coinTerms();
        t.feeBps = 1;
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.WrongFee);
        t = coinTerms();
        t.grace = 1;
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.BadTimes);
        t = coinTerms();
        t.token = stranger;
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.TokenNotAccepted);
        t = coinTerms();
        t.hostSigner = stranger;
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.WrongSigner);
        t = coinTerms();
        open(t);
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.IdUsed);
        t.salt = 1;
        vm.prank(host);
        registry.unregister();
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.HostInactive);
        vm.prank(owner);
        market.pause();
        assertReason(market.canHostProcessSession(t), ISessionMarket.Reason.Paused);
    }

    function test_SessionRequirements() external view {
        ISessionMarket.SessionRequirements memory r = market.getSessionRequirements(COIN);
        assertTrue(r.accepted, "accepted");
        assertFalse(r.paused, "paused");
        assertEq(r.minDeposit, COIN_MIN, "min");
        assertEq(r.maxDeposit, COIN_MAX, "max");
        assertEq(r.feeBps, FEE_BPS, "fee");
        assertEq(r.maxDuration, 365 days, "duration");
        assertEq(r.minGrace, 15 minutes, "min grace");
        assertEq(r.maxGrace, 7 days, "max grace");
        assertEq(r.maxCancelBps, 500, "cancellation fee");
    }
}
