// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {JobMarketplaceTest} from "./JobMarketplaceTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

/// @notice What an upgradeable contract has besides its own calls.
interface IUpgradeable {
    function initialize(address owner, address guardian) external;
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
}

contract JobMarketplaceGovernanceTest is JobMarketplaceTest {
    function test_RevertWhen_AnAddressIsZero() external {
        vm.expectRevert(IJobMarketplace.JobMarketplace_ZeroAddress.selector);
        Deploy.jobMarketplace(owner, guardian, address(0), address(escrow));
        vm.expectRevert(IJobMarketplace.JobMarketplace_ZeroAddress.selector);
        Deploy.jobMarketplace(owner, guardian, address(registry), address(0));
        address code = implementation();
        vm.expectRevert(IJobMarketplace.JobMarketplace_ZeroAddress.selector);
        Deploy.proxy(code, abi.encodeCall(IUpgradeable.initialize, (address(0), guardian)));
    }

    function test_RevertWhen_InitializedBefore() external {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        IUpgradeable(address(jobs)).initialize(stranger, stranger);
        IUpgradeable code = IUpgradeable(implementation());
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        code.initialize(stranger, stranger);
    }

    function test_KeepsItsArguments() external view {
        assertEq(jobs.registry(), address(registry));
        assertEq(jobs.escrow(), address(escrow));
        assertEq(jobs.reputation(), address(0));
        assertEq(jobs.proofSystem(), address(0));
        assertEq(Ownable(address(jobs)).owner(), owner);
    }

    function testFuzz_RevertWhen_CallerIsNotTheOwner(address caller) external {
        vm.assume(caller != owner);
        bytes memory notOwner = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        address code = implementation();
        vm.startPrank(caller);
        vm.expectRevert(notOwner);
        jobs.setPaymentLimits(COIN, IJobMarketplace.PaymentLimits(0, 1));
        vm.expectRevert(notOwner);
        jobs.setReputation(caller);
        vm.expectRevert(notOwner);
        jobs.setProofSystem(caller);
        vm.expectRevert(notOwner);
        IUpgradeable(address(jobs)).upgradeToAndCall(code, "");
        vm.stopPrank();
    }

    function testFuzz_Limits(address asset, uint96 min, uint96 max) external {
        vm.prank(owner);
        if (min > max) {
            expectOutOfRange(min, 0, max);
            jobs.setPaymentLimits(asset, IJobMarketplace.PaymentLimits(min, max));
            return;
        }
        vm.expectEmit(address(jobs));
        emit IJobMarketplace.PaymentLimitsSet(asset, IJobMarketplace.PaymentLimits(min, max));
        jobs.setPaymentLimits(asset, IJobMarketplace.PaymentLimits(min, max));
        assertEq(jobs.paymentLimitsOf(asset).min, min);
        assertEq(jobs.paymentLimitsOf(asset).max, max);
    }

    function testFuzz_OtherContracts(address reputation, address proofSystem) external {
        vm.startPrank(owner);
        vm.expectEmit(address(jobs));
        emit IJobMarketplace.ReputationSet(reputation);
        jobs.setReputation(reputation);
        vm.expectEmit(address(jobs));
        emit IJobMarketplace.ProofSystemSet(proofSystem);
        jobs.setProofSystem(proofSystem);
        vm.stopPrank();
        assertEq(jobs.reputation(), reputation);
        assertEq(jobs.proofSystem(), proofSystem);
    }

    /// @dev An upgrade in the middle of everything: the same jobs in the same states, and every exit open.
    function test_UpgradeKeepsWhatIsInFlight() external {
        uint256[9] memory ids = oneOfEach();
        bytes memory before = allOf(ids);
        address code = implementation();
        vm.prank(owner);
        IUpgradeable(address(jobs)).upgradeToAndCall(code, "");
        assertEq(allOf(ids), before);
        assertEq(Ownable(address(jobs)).owner(), owner);
        vm.prank(renter);
        jobs.releasePayment(ids[3]);
    }

    /// @dev Even code that does not answer at all keeps nobody from the money.
    function test_JobsEndWithoutTheMarketplace() external {
        uint256[3] memory ids = [post(), claimed(), submitted()];
        vm.etch(address(jobs), hex"fd");
        vm.prank(renter);
        escrow.releaseEscrow(ids[2]);
        skip(TIME + 1);
        escrow.refundEscrow(ids[0]);
        escrow.refundEscrow(ids[1]);
        assertEq(owed(renter, address(token)), 2 * PAYMENT);
        assertEq(owed(host, address(token)), 8.5e6);
    }

    function implementation() private returns (address) {
        return Deploy.jobMarketplaceImplementation(address(registry), address(escrow));
    }

    function allOf(uint256[9] memory ids) private view returns (bytes memory all) {
        for (uint256 i = 0; i < 9; i++) {
            all = abi.encode(all, jobs.jobOf(ids[i]));
        }
    }
}
