// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryHandler} from "./handlers/NodeRegistryHandler.sol";

/// @notice The invariants R1 to R8 of README.md, in its order.
contract NodeRegistryInvariants is Test {
    IFabToken internal fab;
    INodeRegistry internal registry;
    NodeRegistryHandler internal handler;

    function setUp() external {
        vm.warp(1_800_000_000);
        fab = Deploy.fabToken(address(this), address(this));
        registry = Deploy.nodeRegistry(address(this), address(fab), 1000e18, 7 days, 4096);
        handler = new NodeRegistryHandler(registry, fab);
        registry.setSlasher(address(handler), true);
        for (uint256 i = 0; i < handler.ACCOUNTS(); i++) {
            assertTrue(fab.transfer(handler.accounts(i), wallet()));
        }

        targetContract(address(handler));
        bytes4[] memory moves = new bytes4[](11);
        moves[0] = handler.register.selector;
        moves[1] = handler.update.selector;
        moves[2] = handler.setPrices.selector;
        moves[3] = handler.removePrice.selector;
        moves[4] = handler.addStake.selector;
        moves[5] = handler.unregister.selector;
        moves[6] = handler.withdrawStake.selector;
        moves[7] = handler.wait.selector;
        moves[8] = handler.registerControlled.selector;
        moves[9] = handler.advertise.selector;
        moves[10] = handler.slash.selector;
        targetSelectors(address(handler), moves);
    }

    /// @dev One campaign for all, since Foundry plays a campaign of its own for each function named so.
    function invariant_R1toR8() external view {
        checkHoldsExactlyTheStakes();
        checkStakeOnlyGoesBackToItsOwner();
        checkHostIsActiveLeavingOrGone();
        checkNodesAreTheActiveHosts();
        checkModelsListTheHostsThatOfferThem();
        checkOffersAreThoseOfThisRegistration();
        checkListsFollowWhatIsAdvertised();
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
    function checkStakeOnlyGoesBackToItsOwner() private view {
        for (uint256 i = 0; i < handler.ACCOUNTS(); i++) {
            address account = handler.accounts(i);
            uint256 owned;
            for (uint256 h = 0; h < handler.HOSTS(); h++) {
                address host = handler.hosts(h);
                uint256 stake = registry.nodeOf(host).stake;
                assertEq(stake, handler.stakes(host), "R2: stake of a host");
                if (handler.ownerOf(host) == account) owned += stake;
            }
            assertEq(owned, handler.owned(account), "R2: stake");
            assertEq(fab.balanceOf(account) + owned, handler.fortune(account), "R2: wallet");
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
                assertGe(info.stake, registry.slashRules().floor, "R3: active without stake");
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

    /// @dev R8.
    function checkListsFollowWhatIsAdvertised() private view {
        for (uint256 k = 0; k < handler.KEYS(); k++) {
            bytes32 listKey = handler.keyAt(k);
            address[] memory inRegion = registry.nodesByRegion(listKey, 0, 256);
            address[] memory capable = registry.nodesByCapability(listKey, 0, 256);
            uint256 regional;
            uint256 able;
            for (uint256 i = 0; i < handler.HOSTS(); i++) {
                address host = handler.hosts(i);
                uint256 once = handler.regions(host) == listKey ? 1 : 0;
                assertEq(occurrences(inRegion, host), once, "R8: region");
                regional += once;
                once = handler.capabilities(host) >> k & 1;
                assertEq(occurrences(capable, host), once, "R8: capability");
                able += once;
            }
            assertEq(inRegion.length, regional, "R8: strangers in a region");
            assertEq(capable.length, able, "R8: strangers with a capability");
        }
        checkControllers();
    }

    function checkControllers() private view {
        for (uint256 c = 0; c < handler.ACCOUNTS(); c++) {
            address controller = handler.accounts(c);
            address[] memory controlled = registry.nodesByController(controller, 0, 256);
            uint256 expected;
            for (uint256 i = 0; i < handler.HOSTS(); i++) {
                address host = handler.hosts(i);
                uint256 once = handler.active(host) && registry.controllerOf(host) == controller ? 1 : 0;
                assertEq(occurrences(controlled, host), once, "R8: controlled");
                expected += once;
            }
            assertEq(controlled.length, expected, "R8: strangers of a controller");
            assertEq(registry.isSuspiciousController(controller), expected >= 3, "R8: suspicion");
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
            if (registry.nodeOf(host).unbondingUntil != 0) payOut(host);
        }
        for (uint256 i = 0; i < handler.ACCOUNTS(); i++) {
            address account = handler.accounts(i);
            assertEq(fab.balanceOf(account), handler.fortune(account), "R7: left behind");
        }
        assertEq(fab.balanceOf(address(registry)), 0, "R7: dust");
        assertEq(registry.nodeCount(), 0, "R7: nodes");
    }

    function payOut(address host) private {
        address controller = registry.controllerOf(host);
        if (controller == address(0)) {
            vm.prank(host);
            registry.withdrawStake(host);
        } else {
            vm.prank(controller);
            registry.withdrawControlledStake(host, controller);
        }
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
