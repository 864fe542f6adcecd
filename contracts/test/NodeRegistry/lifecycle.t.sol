// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistryLifecycleTest is NodeRegistryTest {
    /// @notice A host joins, is found, raises its price, leaves, is paid and comes back.
    function test_Lifecycle() external {
        register(alice, one(MODEL_A, USD, 50_000, 60_000));
        register(bob, one(MODEL_A, USD, 40_000, 50_000));

        address[] memory found = registry.nodesByModel(MODEL_A, 0, 100);
        assertHosts(found, alice, bob);
        assertOffer(found[0], MODEL_A, USD, 50_000, 60_000);
        assertEq(registry.nodeOf(found[0]).apiUrl, URL);

        setPrices(alice, one(MODEL_A, USD, 70_000, 80_000));
        assertOffer(alice, MODEL_A, USD, 70_000, 80_000);

        unregister(alice);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 100), bob);
        (address offeredBy,,) = registry.offerOf(alice, MODEL_A, USD);
        assertEq(offeredBy, address(0));

        withdraw(alice);
        assertEq(fab.balanceOf(alice), WALLET);

        vm.prank(alice);
        registry.register(signer, "https://elsewhere.example", "", key(), none());
        assertHosts(registry.nodes(0, 100), bob, alice);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 100), bob);
        assertNoOffer(alice, MODEL_A, USD);

        setPrices(alice, one(MODEL_A, USD, 1, 2));
        assertHosts(registry.nodesByModel(MODEL_A, 0, 100), bob, alice);
        assertOffer(alice, MODEL_A, USD, 1, 2);
        assertEq(registry.nodeOf(alice).apiUrl, "https://elsewhere.example");
    }

    /// @notice A host can leave and come back any number of times without being listed twice.
    function testFuzz_ComesAndGoes(uint8 times, bool paidOut) external {
        times = uint8(bound(times, 1, 20));
        register(bob, three());
        for (uint256 i = 0; i < times; i++) {
            register(alice, three());
            assertHosts(registry.nodesByModel(MODEL_B, 0, 10), bob, alice);
            unregister(alice);
            if (paidOut) withdraw(alice);
        }
        assertHosts(registry.nodes(0, 10), bob);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), bob);
        assertEq(fab.balanceOf(alice), paidOut ? WALLET : WALLET - MIN_STAKE);
    }
}
