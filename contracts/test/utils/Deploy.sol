// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IBuyback} from "../../src/interfaces/IBuyback.sol";
import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {IGovernance, IGovernanceTimelock} from "../../src/interfaces/IGovernance.sol";
import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IPayments} from "../../src/interfaces/IPayments.sol";
import {IReputationSystem} from "../../src/interfaces/IReputationSystem.sol";
import {IRevenueSplitter} from "../../src/interfaces/IRevenueSplitter.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {vm} from "./Vm.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";

/// @title Deploy
/// @notice Puts the contracts of `src/` on the chain from their artifacts. Tests and scripts import interfaces and deploy
/// through here, never `new`: each of them would otherwise carry, and compile through the slow pipeline, a copy of what
/// it deploys; and they are compiled by another profile (foundry.toml), whose code is not the one that ships.
library Deploy {
    function fabToken(address owner, address holder) internal returns (IFabToken) {
        return IFabToken(vm.deployCode("FabToken.sol:FabToken", abi.encode(owner, holder)));
    }

    function nodeRegistry(address owner, address fab, uint256 minStake, uint64 unbondingPeriod, uint256 maxMetadata)
        internal
        returns (INodeRegistry)
    {
        return INodeRegistry(
            vm.deployCode(
                "NodeRegistry.sol:NodeRegistry", abi.encode(owner, fab, minStake, unbondingPeriod, maxMetadata)
            )
        );
    }

    function sessionMarket(address owner, address registry, address proofSystem, address feeRecipient, uint16 feeBps)
        internal
        returns (ISessionMarket)
    {
        return ISessionMarket(
            vm.deployCode(
                "SessionMarket.sol:SessionMarket", abi.encode(owner, registry, proofSystem, feeRecipient, feeBps)
            )
        );
    }

    function staking(address owner, address fab, IStaking.Tier[] memory tiers, uint16 leaveBps, uint32 rewardPeriod)
        internal
        returns (IStaking)
    {
        return IStaking(vm.deployCode("Staking.sol:Staking", abi.encode(owner, fab, tiers, leaveBps, rewardPeriod)));
    }

    function votingPower(address fab, address staking_) internal returns (IERC5805) {
        return IERC5805(vm.deployCode("VotingPower.sol:VotingPower", abi.encode(fab, staking_)));
    }

    function buybackImplementation(address fab, address staking_, address router) internal returns (address) {
        return vm.deployCode("Buyback.sol:Buyback", abi.encode(fab, staking_, router));
    }

    function buyback(address fab, address staking_, address router, address owner, IBuyback.Settings memory settings)
        internal
        returns (IBuyback)
    {
        bytes memory call =
            abi.encodeWithSignature("initialize(address,(uint16,uint16,uint32,uint32))", owner, settings);
        return IBuyback(proxy(buybackImplementation(fab, staking_, router), call));
    }

    function paymentEscrow(address owner, address arbiter, address feeRecipient, uint16 feeBps)
        internal
        returns (IPaymentEscrow)
    {
        return IPaymentEscrow(
            vm.deployCode("PaymentEscrow.sol:PaymentEscrow", abi.encode(owner, arbiter, feeRecipient, feeBps))
        );
    }

    function jobMarketplaceImplementation(address registry, address escrow) internal returns (address) {
        return vm.deployCode("JobMarketplace.sol:JobMarketplace", abi.encode(registry, escrow));
    }

    function jobMarketplace(address owner, address guardian, address registry, address escrow)
        internal
        returns (IJobMarketplace)
    {
        bytes memory call = abi.encodeWithSignature("initialize(address,address)", owner, guardian);
        return IJobMarketplace(proxy(jobMarketplaceImplementation(registry, escrow), call));
    }

    function revenueSplitter(address owner, address[6] memory recipients) internal returns (IRevenueSplitter) {
        return IRevenueSplitter(vm.deployCode("RevenueSplitter.sol:RevenueSplitter", abi.encode(owner, recipients)));
    }

    function reputationSystemImplementation() internal returns (address) {
        return vm.deployCode("ReputationSystem.sol:ReputationSystem", "");
    }

    function reputationSystem(address owner) internal returns (IReputationSystem) {
        bytes memory call = abi.encodeWithSignature("initialize(address)", owner);
        return IReputationSystem(proxy(reputationSystemImplementation(), call));
    }

    function proxy(address implementation, bytes memory call) internal returns (address) {
        return vm.deployCode("UpgradeableProxy.sol:UpgradeableProxy", abi.encode(implementation, call));
    }

    function timelock(uint256 minDelay, address admin) internal returns (IGovernanceTimelock) {
        return
            IGovernanceTimelock(vm.deployCode("GovernanceTimelock.sol:GovernanceTimelock", abi.encode(minDelay, admin)));
    }

    function governance(address votes, address timelock_, IGovernance.GovernanceSettings memory settings)
        internal
        returns (IGovernance)
    {
        return IGovernance(vm.deployCode("Governance.sol:Governance", abi.encode(votes, timelock_, settings)));
    }

    /// @dev Gives the timelock's roles to governance and to the emergency account; the caller, its admin so far, keeps
    /// none.
    function handOver(address timelock_, address governance_, address emergency) internal {
        IAccessControl roles = IAccessControl(timelock_);
        roles.grantRole(keccak256("PROPOSER_ROLE"), governance_);
        roles.grantRole(keccak256("CANCELLER_ROLE"), governance_);
        roles.grantRole(keccak256("EMERGENCY_ROLE"), emergency);
        roles.renounceRole(0, address(this));
    }

    function payments(address owner, address guardian, ICircuitBreaker.BreakerSettings memory settings)
        internal
        returns (IPayments)
    {
        return IPayments(vm.deployCode("Payments.sol:Payments", abi.encode(owner, guardian, settings)));
    }
}
