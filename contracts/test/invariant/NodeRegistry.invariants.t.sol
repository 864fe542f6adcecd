// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryHandler} from "./handlers/NodeRegistryHandler.sol";

/// @notice The invariants R1 to R7 of README.md, in its order.
contract NodeRegistryInvariants is Test {
    IFabToken internal fab;
    INodeRegistry internal registry;
    NodeRegistryHandler internal handler;

    function setUp() external {
        vm.warp(1_800_000_000);
        fab = Deploy.fabToken(address(this), address(this));
        registry = Deploy.nodeRegistry(address(fab), 1000e18, 7 days, 4096);
        handler = new NodeRegistryHandler(registry, fab);
        for (uint256 i = 0; i < handler.HOSTS(); i++) {
            assertTrue(fab.transfer(handler.hosts(i), wallet()));
        }

        targetContract(address(handler));
        bytes4[] memory moves = new bytes4[](8);
        moves[0] = handler.register.selector;
        moves[1] = handler.update.selector;
        moves[2] = handler.setPrices.selector;
        moves[3] = handler.removePrice.selector;
        moves[4] = handler.addStake.selector;
        moves[5] = handler.unregister.selector;
        moves[6] = handler.withdrawStake.selector;
        moves[7] = handler.wait.selector;
        targetSelectors(address(handler), moves);
    }

    /// @dev One campaign for all, since Foundry plays a campaign of its own for each function named so.
    function invariant_R1toR6() external view {
        checkHoldsExactlyTheStakes();
        checkStakeOnlyGoesBackToItsHost();
        checkHostIsActiveLeavingOrGone();
        checkNodesAreTheActiveHosts();
        checkModelsListTheHostsThatOfferThem();
        checkOffersAreThoseOfThisRegistration();
    }

    /// @dev R1.
    function checkHoldsExactlyTheStakes() private view {
        uint256 stakes;
        for (uint256 i = 0; i < handler.HOSTS(); i++) {
            stakes += registry.nodeOf(handler.hosts(i)).stake;
        }
        assertEq(fab.balanceOf(address(registry)), stakes, "R1");
    }

    /// @dev R2.
    function checkStakeOnlyGoesBackToItsHost() private view {
        for (uint256 i = 0; i < handler.HOSTS(); i++) {
            address host = handler.hosts(i);
            uint256 stake = registry.nodeOf(host).stake;
            assertEq(stake, handler.stakes(host), "R2: stake");
            assertEq(fab.balanceOf(host) + stake, wallet(), "R2: wallet");
        }
    }

    /// @dev R3.
    function checkHostIsActiveLeavingOrGone() private view {
        for (uint256 i = 0; i < handler.HOSTS(); i++) {
            address host = handler.hosts(i);
            INodeRegistry.NodeInfo memory info = registry.nodeOf(host);
            assertEq(info.active, handler.active(host), "R3: active");
            assertEq(info.unbondingUntil, handler.unbondingUntil(host), "R3: unbonding");
            assertEq(info.signer, handler.signers(host), "R3: signer");
            if (info.active) {
                assertGe(info.stake, registry.minStake(), "R3: active without stake");
                assertEq(info.unbondingUntil, 0, "R3: active and unbonding");
            } else if (info.unbondingUntil == 0) {
                INodeRegistry.NodeInfo memory empty;
                assertEq(abi.encode(info), abi.encode(empty), "R3: gone but not forgotten");
            }
        }
    }

    /// @dev R4.
    function checkNodesAreTheActiveHosts() private view {
        address[] memory listed = registry.nodes(0, 256);
        assertEq(listed.length, registry.nodeCount(), "R4: count");
        uint256 expected;
        for (uint256 i = 0; i < handler.HOSTS(); i++) {
            address host = handler.hosts(i);
            assertEq(occurrences(listed, host), handler.active(host) ? 1 : 0, "R4: listed");
            if (handler.active(host)) expected++;
        }
        assertEq(listed.length, expected, "R4: strangers");
    }

    /// @dev R5.
    function checkModelsListTheHostsThatOfferThem() private view {
        for (uint256 m = 0; m < handler.MODELS(); m++) {
            bytes32 modelId = handler.model(m);
            address[] memory listed = registry.nodesByModel(modelId, 0, 256);
            uint256 expected;
            for (uint256 i = 0; i < handler.HOSTS(); i++) {
                address host = handler.hosts(i);
                uint256 once = offersModel(host, modelId) ? 1 : 0;
                assertEq(occurrences(listed, host), once, "R5: listed");
                expected += once;
            }
            assertEq(listed.length, expected, "R5: strangers");
        }
    }

    /// @dev R6.
    function checkOffersAreThoseOfThisRegistration() private view {
        for (uint256 i = 0; i < handler.HOSTS(); i++) {
            address host = handler.hosts(i);
            uint256 expected;
            for (uint256 o = 0; o < handler.MODELS() * handler.TOKENS(); o++) {
                (bytes32 modelId, address token) =
                    (handler.model(o % handler.MODELS()), handler.tokenAt(o / handler.MODELS()));
                INodeRegistry.ModelPrice memory offer = handler.offer(host, modelId, token);
                (address signer, uint128 input, uint128 output) = registry.offerOf(host, modelId, token);
                assertEq(signer, handler.active(host) ? handler.signers(host) : address(0), "R6: signer");
                assertEq(input, offer.inputPrice, "R6: input price");
                assertEq(output, offer.outputPrice, "R6: output price");
                if (offer.outputPrice != 0) expected++;
            }
            INodeRegistry.ModelPrice[] memory listed = registry.pricesOf(host, 0, 256);
            assertEq(listed.length, expected, "R6: number of offers");
            for (uint256 o = 0; o < listed.length; o++) {
                INodeRegistry.ModelPrice memory offer = handler.offer(host, listed[o].modelId, listed[o].token);
                assertEq(abi.encode(listed[o]), abi.encode(offer), "R6: offer listed");
            }
        }
    }

    /// @dev R7: at the end of every run, whatever happened in it.
    function afterInvariant() external {
        for (uint256 i = 0; i < handler.HOSTS(); i++) {
            address host = handler.hosts(i);
            if (handler.active(host)) {
                vm.prank(host);
                registry.unregister();
            }
        }
        skip(registry.unbondingPeriod());
        for (uint256 i = 0; i < handler.HOSTS(); i++) {
            address host = handler.hosts(i);
            if (registry.nodeOf(host).unbondingUntil != 0) {
                vm.prank(host);
                registry.withdrawStake(host);
            }
            assertEq(fab.balanceOf(host), wallet(), "R7: left behind");
        }
        assertEq(fab.balanceOf(address(registry)), 0, "R7: dust");
        assertEq(registry.nodeCount(), 0, "R7: nodes");
    }

    function wallet() private view returns (uint256) {
        return handler.WALLET();
    }

    function offersModel(address host, bytes32 modelId) private view returns (bool) {
        for (uint256 t = 0; t < handler.TOKENS(); t++) {
            if (handler.offer(host, modelId, handler.tokenAt(t)).outputPrice != 0) return true;
        }
        return false;
    }

    function occurrences(address[] memory list, address account) private pure returns (uint256 count) {
        for (uint256 i = 0; i < list.length; i++) {
            if (list[i] == account) count++;
        }
    }
}
