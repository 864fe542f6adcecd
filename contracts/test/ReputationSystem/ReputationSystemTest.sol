// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IReputationSystem} from "../../src/interfaces/IReputationSystem.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {JobMarketplaceTest} from "../JobMarketplace/JobMarketplaceTest.sol";
import {Messages} from "../SessionMarket/utils/Messages.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";

/// @notice A reputation system over the real marketplace, escrow and session market.
abstract contract ReputationSystemTest is JobMarketplaceTest {
    uint256 internal constant MIN_VALUE = 1e6;

    IReputationSystem internal reputation;
    ISessionMarket internal market;
    address internal slasher;
    address internal voucherSigner;
    uint256 internal voucherKey;
    uint256 private salt;

    function setUp() public virtual override {
        super.setUp();
        slasher = makeAddr("slasher");
        (voucherSigner, voucherKey) = makeAccount("voucherSigner");
        market = Deploy.sessionMarket(owner, address(registry), address(0), treasury, FEE_BPS);
        reputation = Deploy.reputationSystem(owner);
        vm.startPrank(owner);
        market.setTokenLimits(address(token), 0.8e6, 1_000_000e6);
        reputation.setSources(address(jobs), address(market));
        reputation.setMinValue(address(token), MIN_VALUE);
        reputation.setSlasher(slasher, true);
        jobs.setReputation(address(reputation));
        vm.stopPrank();
    }

    /* JOBS */

    function completed() internal returns (uint256 jobId) {
        jobId = submitted();
        vm.prank(renter);
        jobs.releasePayment(jobId);
    }

    function failed() internal returns (uint256 jobId) {
        jobId = claimed();
        vm.prank(host);
        jobs.failJob(jobId);
    }

    /// @dev As many successes as it takes, each a day after the last.
    function succeed(address host_, uint256 times) internal {
        for (uint256 i = 0; i < times; i++) {
            skip(1 days);
            uint256 jobId = post();
            vm.startPrank(host_);
            jobs.claimJob(jobId);
            jobs.submitResult(jobId, RESULT);
            vm.stopPrank();
            vm.prank(renter);
            jobs.releasePayment(jobId);
            reputation.recordJob(jobId);
        }
    }

    /* SESSIONS */

    function terms() internal returns (ISessionMarket.Terms memory t) {
        (t.renter, t.host, t.hostSigner, t.voucherSigner) = (renter, host, signer, voucherSigner);
        (t.token, t.modelId, t.inputPrice, t.outputPrice) = (address(token), MODEL, 1e6, 1e6);
        (t.expiresAt, t.grace, t.feeBps, t.salt) = (uint64(timestamp() + 1 days), 1 hours, FEE_BPS, salt++);
    }

    function open(ISessionMarket.Terms memory t) internal {
        ISessionMarket.SignedQuote memory quote;
        vm.startPrank(renter);
        token.approve(address(market), 100e6);
        market.createSessionJob(t, 100e6, quote);
        vm.stopPrank();
    }

    /// @dev A session in which this much was paid, at one base unit a token.
    function session(uint64 paid) internal returns (ISessionMarket.Terms memory t) {
        t = terms();
        open(t);
        ISessionMarket.SignedVoucher memory v;
        if (paid != 0) {
            v.outputTokens = paid;
            bytes32 structHash = Messages.voucher(market.sessionIdOf(t), 0, paid, v.head);
            v.signature = signature(voucherKey, Messages.digest(address(market), structHash));
        }
        vm.prank(host);
        market.completeSession(t, v);
    }

    function same(ISessionMarket.Terms memory t) internal pure returns (IReputationSystem.SessionTerms memory) {
        return abi.decode(abi.encode(t), (IReputationSystem.SessionTerms));
    }

    /* READING */

    function workId(uint256 jobId) internal view returns (bytes32) {
        return reputation.workIdOf(address(jobs), jobId);
    }

    function assertPoints(address account, uint256 points) internal view {
        assertEq(reputation.getReputation(account), points, "points");
    }

    function expectNotFinished(bytes32 id) internal {
        vm.expectRevert(abi.encodeWithSelector(IReputationSystem.ReputationSystem_NotFinished.selector, id));
    }

    function expectTooSmall(uint256 value, uint256 min) internal {
        vm.expectRevert(abi.encodeWithSelector(IReputationSystem.ReputationSystem_TooSmall.selector, value, min));
    }

    function expectNotSlasherOrRenter(address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(IReputationSystem.ReputationSystem_Unauthorized.selector, caller));
    }
}
