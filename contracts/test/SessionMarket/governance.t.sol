// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

contract GovernanceTest is SessionMarketTest {
    /* CONSTRUCTOR */

    /// @dev Its own frame, for `expectRevert` to see the deployment as one call.
    function deploy(address owner_, address registry_, address recipient, uint16 feeBps) external {
        Deploy.sessionMarket(owner_, registry_, prover, recipient, feeBps);
    }

    function test_RevertWhen_ConstructedWithZero() external {
        vm.expectRevert();
        this.deploy(address(0), address(registry), treasury, 0);
        vm.expectRevert();
        this.deploy(owner, address(0), treasury, 0);
        vm.expectRevert();
        this.deploy(owner, address(registry), address(0), 0);
    }

    function test_RevertWhen_ConstructedWithFeeAboveCap() external {
        vm.expectRevert();
        this.deploy(owner, address(registry), treasury, 3001);
    }

    function test_Constructor() external {
        ISessionMarket deployed = Deploy.sessionMarket(owner, address(registry), address(0), treasury, 3000);
        assertEq(deployed.registry(), address(registry), "registry");
        assertEq(deployed.proofSystem(), address(0), "proofSystem");
        assertEq(deployed.feeRecipient(), treasury, "feeRecipient");
        assertEq(deployed.getSessionRequirements(COIN).feeBps, 3000, "fee");
        assertEq(Ownable(address(deployed)).owner(), owner, "owner");
        assertFalse(deployed.getSessionRequirements(COIN).accepted, "no token is accepted yet");
    }

    /* OWNER */

    function testFuzz_RevertWhen_CallerIsNotOwner(address caller) external {
        vm.assume(caller != owner);
        bytes[5] memory calls = [
            abi.encodeCall(market.pause, ()),
            abi.encodeCall(market.unpause, ()),
            abi.encodeCall(market.setTokenLimits, (COIN, 1, 2)),
            abi.encodeCall(market.setFee, (1)),
            abi.encodeCall(market.setFeeRecipient, (caller))
        ];
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(caller);
            (bool ok, bytes memory result) = address(market).call(calls[i]);
            assertFalse(ok, "allowed");
            assertEq(result, abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller), "error");
        }
    }

    function test_OwnerChangesInTwoSteps() external {
        vm.prank(owner);
        Ownable2Step(address(market)).transferOwnership(stranger);
        assertEq(Ownable(address(market)).owner(), owner, "not yet");
        vm.prank(stranger);
        Ownable2Step(address(market)).acceptOwnership();
        vm.prank(stranger);
        market.setFee(1);
    }

    /* PAUSE */

    function test_PauseAndUnpause() external {
        vm.expectEmit(address(market));
        emit ISessionMarket.Paused();
        vm.prank(owner);
        market.pause();
        assertTrue(market.getSessionRequirements(COIN).paused, "paused");
        vm.expectRevert(ISessionMarket.SessionMarket_Paused.selector);
        open(coinTerms());
        vm.expectEmit(address(market));
        emit ISessionMarket.Unpaused();
        vm.prank(owner);
        market.unpause();
        open(coinTerms());
    }

    /* LIMITS */

    function test_RevertWhen_MinimumIsAboveMaximum() external {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_DepositOutOfRange.selector, 3, 0, 2));
        vm.prank(owner);
        market.setTokenLimits(COIN, 3, 2);
    }

    function testFuzz_SetsTokenLimits(address asset, uint96 min, uint96 max) external {
        max = uint96(bound(max, min, type(uint96).max));
        vm.expectEmit(address(market));
        emit ISessionMarket.TokenLimitsSet(asset, min, max);
        vm.prank(owner);
        market.setTokenLimits(asset, min, max);
        ISessionMarket.SessionRequirements memory r = market.getSessionRequirements(asset);
        assertEq(r.accepted, max != 0, "accepted");
        assertEq(r.minDeposit, min, "min");
        assertEq(r.maxDeposit, max, "max");
    }

    /* FEE */

    function test_RevertWhen_FeeIsAboveCap() external {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_FeeTooHigh.selector, 3001));
        vm.prank(owner);
        market.setFee(3001);
    }

    function testFuzz_FeeIsThatOfTheSessionsOpening(uint16 feeBps, uint64 outputTokens) external {
        feeBps = uint16(bound(feeBps, 0, 3000));
        outputTokens = uint64(bound(outputTokens, 1000, 100_000_000));
        ISessionMarket.Terms memory before = tokenTerms();
        open(before);
        vm.expectEmit(address(market));
        emit ISessionMarket.FeeSet(feeBps);
        vm.prank(owner);
        market.setFee(feeBps);

        market.settle(before, voucherFor(before, 0, outputTokens));
        uint256 paid = grossOf(before, 0, outputTokens);
        uint256 oldFee = feeOf(host, address(token));
        assertEq(oldFee, paid * FEE_BPS / 10_000, "old fee");

        ISessionMarket.Terms memory later = tokenTerms();
        (later.salt, later.feeBps) = (1, feeBps);
        open(later);
        market.settle(later, voucherFor(later, 0, outputTokens));
        assertEq(feeOf(host, address(token)) - oldFee, paid * feeBps / 10_000, "new fee");
    }

    /* FEE RECIPIENT */

    function test_RevertWhen_FeeRecipientIsZero() external {
        vm.expectRevert(ISessionMarket.SessionMarket_ZeroAddress.selector);
        vm.prank(owner);
        market.setFeeRecipient(address(0));
    }

    function testFuzz_SetsFeeRecipient(address recipient) external {
        vm.assume(recipient != address(0));
        vm.expectEmit(address(market));
        emit ISessionMarket.FeeRecipientSet(recipient);
        vm.prank(owner);
        market.setFeeRecipient(recipient);
        assertEq(market.feeRecipient(), recipient, "recipient");
    }
}
