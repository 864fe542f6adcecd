// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IBuyback} from "../../src/interfaces/IBuyback.sol";
import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IReputationSystem} from "../../src/interfaces/IReputationSystem.sol";
import {IRevenueSplitter} from "../../src/interfaces/IRevenueSplitter.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {Uniswap, WrappedCoin} from "../Buyback/Uniswap.sol";
import {IFullFabToken} from "../FabToken/FabTokenTest.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {GovernanceTest} from "./GovernanceTest.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @notice Every function of every contract that sets something: the timelock's, and nobody else's.
contract GovernanceParametersTest is GovernanceTest {
    function testFuzz_OfTheTokenTheRegistryAndTheStakes(address caller) external {
        check(caller, address(fab), abi.encodeCall(IFullFabToken.mint, (alice, 1)));
        check(caller, address(registry), abi.encodeCall(INodeRegistry.setSlasher, (alice, true)));
        check(caller, address(registry), abi.encodeCall(INodeRegistry.setSuspicionThreshold, (3)));
        check(caller, address(registry), abi.encodeCall(INodeRegistry.setSlashRules, (registry.slashRules())));
        check(caller, address(staking), abi.encodeCall(IStaking.addRewardToken, (COIN)));
    }

    function testFuzz_OfTheMarket(address caller) external {
        check(caller, address(market), abi.encodeCall(ISessionMarket.pause, ()));
        check(caller, address(market), abi.encodeCall(ISessionMarket.unpause, ()));
        check(caller, address(market), abi.encodeCall(ISessionMarket.setFee, (1)));
        check(caller, address(market), abi.encodeCall(ISessionMarket.setFeeRecipient, (alice)));
        check(caller, address(market), abi.encodeCall(ISessionMarket.setTokenLimits, (COIN, 1, 2)));
    }

    function testFuzz_OfJobs(address caller) external {
        address escrow = address(Deploy.paymentEscrow(address(timelock), alice, alice, 1500));
        check(caller, escrow, abi.encodeCall(IPaymentEscrow.setFee, (1)));
        check(caller, escrow, abi.encodeCall(IPaymentEscrow.setFeeRecipient, (bob)));
        check(caller, escrow, abi.encodeCall(IPaymentEscrow.setArbiter, (bob)));
        check(caller, escrow, abi.encodeCall(IPaymentEscrow.setWindows, (4 days, 20 days)));
        address jobs = address(Deploy.jobMarketplace(address(timelock), bob, address(registry), escrow));
        check(caller, jobs, abi.encodeCall(IJobMarketplace.setReputation, (alice)));
        check(caller, jobs, abi.encodeCall(IJobMarketplace.setProofSystem, (alice)));
        check(
            caller, jobs, abi.encodeCall(IJobMarketplace.setPaymentLimits, (COIN, IJobMarketplace.PaymentLimits(1, 2)))
        );
        address next = Deploy.jobMarketplaceImplementation(address(registry), escrow);
        check(caller, jobs, abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (next, "")));
        checkBreaker(caller, jobs);
    }

    function testFuzz_OfReputations(address caller) external {
        IReputationSystem reputations = Deploy.reputationSystem(address(timelock));
        address target = address(reputations);
        check(caller, target, abi.encodeCall(IReputationSystem.setRules, (reputations.rules())));
        check(caller, target, abi.encodeCall(IReputationSystem.setSources, (alice, bob)));
        check(caller, target, abi.encodeCall(IReputationSystem.setMinValue, (COIN, 1)));
        check(caller, target, abi.encodeCall(IReputationSystem.setSlasher, (alice, true)));
        address next = Deploy.reputationSystemImplementation();
        check(caller, target, abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (next, "")));
    }

    function testFuzz_OfTheRevenue(address caller) external {
        IRevenueSplitter splitter = Deploy.revenueSplitter(address(timelock), [alice, bob, alice, bob, alice, bob]);
        check(caller, address(splitter), abi.encodeCall(IRevenueSplitter.setShares, (splitter.shares())));
        check(
            caller,
            address(splitter),
            abi.encodeCall(IRevenueSplitter.setRecipient, (IRevenueSplitter.Purpose(0), alice))
        );
    }

    function testFuzz_OfPayments(address caller) external {
        ICircuitBreaker.BreakerSettings memory s = ICircuitBreaker.BreakerSettings(5, 10 minutes, 3, 10);
        checkBreaker(caller, address(Deploy.payments(address(timelock), bob, s)));
    }

    function testFuzz_OfTheBuyback(address caller) external {
        address router = Uniswap.router(Uniswap.factory(), address(new WrappedCoin()));
        IBuyback.Settings memory s = IBuyback.Settings(5000, 500, 30 minutes, 1 days);
        address buyback = address(Deploy.buyback(address(fab), address(staking), router, address(timelock), s));
        check(caller, buyback, abi.encodeCall(IBuyback.setRoute, (COIN, IBuyback.Route(0, 0, 0))));
        check(caller, buyback, abi.encodeCall(IBuyback.setSettings, (s)));
        check(caller, buyback, abi.encodeCall(IBuyback.setKeeper, (alice, true)));
        address next = Deploy.buybackImplementation(address(fab), address(staking), router);
        check(caller, buyback, abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (next, "")));
    }

    function checkBreaker(address caller, address target) private {
        ICircuitBreaker.BreakerSettings memory s = ICircuitBreaker.BreakerSettings(9, 1 hours, 4, 20);
        check(caller, target, abi.encodeCall(ICircuitBreaker.pause, ()));
        check(caller, target, abi.encodeCall(ICircuitBreaker.unpause, ()));
        check(caller, target, abi.encodeCall(ICircuitBreaker.setPaymentLimit, (COIN, 1)));
        check(caller, target, abi.encodeCall(ICircuitBreaker.setBreakerSettings, (s)));
        check(caller, target, abi.encodeCall(ICircuitBreaker.setGuardian, (alice)));
    }

    function check(address caller, address target, bytes memory call) private {
        vm.assume(caller != address(timelock));
        vm.prank(caller);
        (bool ok,) = target.call(call);
        assertFalse(ok, "by a stranger");
        vm.prank(address(timelock));
        (ok,) = target.call(call);
        assertTrue(ok, "by the timelock");
    }
}
