// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IReputationSystem} from "../../src/interfaces/IReputationSystem.sol";
import {vm} from "../utils/Vm.sol";
import {ReputationSystemTest} from "./ReputationSystemTest.sol";

contract ReputationSystemPointsTest is ReputationSystemTest {
    /* IDLENESS */

    function testFuzz_StrangersHaveTheStart(address account, uint256 time) external {
        skip(bound(time, 0, 3650 days));
        assertPoints(account, 100);
        assertEq(reputation.recordOf(account).points, 100);
        assertEq(reputation.recordOf(account).lastActive, 0);
    }

    function test_WorkedExample() external {
        succeed(host, 10);
        assertPoints(host, 200);
        skip(30 days - 1);
        assertPoints(host, 200);
        skip(1);
        assertPoints(host, 190);
        skip(30 days);
        assertPoints(host, 180); // 180.5
        skip(30 days);
        assertPoints(host, 171); // 171.475
        succeed(host, 1);
        assertPoints(host, 181); // idleness starts anew
        skip(29 days);
        assertPoints(host, 181);
    }

    function testFuzz_DecayIsCompound(uint256 periods, uint256 rest) external {
        periods = bound(periods, 0, 1000);
        succeed(host, 5);
        skip(periods * 30 days + bound(rest, 0, 30 days - 1));
        uint256 expected = 150e27;
        for (uint256 i = 0; i < periods; i++) {
            expected = expected * 95 / 100;
        }
        assertApproxEqAbs(reputation.getReputation(host), expected / 1e27, 1);
        assertLe(reputation.getReputation(host), expected / 1e27 + 1);
    }

    /* INCENTIVES */

    function test_PriorityRisesFrom150On() external {
        succeed(host, 4);
        assertFalse(reputation.isEligibleForIncentives(host));
        assertEq(reputation.priorityOf(host), 140);
        succeed(host, 1);
        assertTrue(reputation.isEligibleForIncentives(host));
        assertEq(reputation.priorityOf(host), 165);
        skip(30 days);
        assertFalse(reputation.isEligibleForIncentives(host));
        assertEq(reputation.priorityOf(host), 142);
    }

    /* SLASHING */

    function testFuzz_RevertWhen_CallerIsNoSlasher(address caller) external {
        vm.assume(caller != slasher);
        expectNotSlasherOrRenter(caller);
        vm.prank(caller);
        reputation.slashReputation(host, 1, "reason");
    }

    function testFuzz_SlashesNotBelowZero(uint32 amount) external {
        uint32 points = amount < 100 ? 100 - amount : 0;
        vm.expectEmit(address(reputation));
        emit IReputationSystem.ReputationSlashed(host, amount, points, "reason");
        vm.prank(slasher);
        reputation.slashReputation(host, amount, "reason");
        assertPoints(host, points);
    }

    /* THE BEST */

    function test_BestFirst() external {
        succeed(host, 2);
        succeed(other, 3);
        (address[] memory hosts, uint256[] memory points) = reputation.topHosts(10);
        assertEq(hosts.length, 2);
        assertEq(hosts[0], other);
        assertEq(hosts[1], host);
        assertEq(points[0], 130);
        assertEq(points[1], 120);
        (hosts, points) = reputation.topHosts(1);
        assertEq(hosts.length, 1);
        assertEq(hosts[0], other);
        assertEq(points[0], 130);
        (hosts,) = reputation.topHosts(0);
        assertEq(hosts.length, 0);
    }

    function test_IdlenessChangesTheOrder() external {
        succeed(other, 3); // 130, and then nothing for three months: 111
        skip(90 days);
        succeed(host, 2);
        (address[] memory hosts, uint256[] memory points) = reputation.topHosts(10);
        assertEq(hosts[0], host);
        assertEq(points[1], 111);
    }

    function test_TheLeastGivesWay() external {
        // 32 hosts with 99 to 68 points.
        for (uint160 i = 0; i < 32; i++) {
            slash(address(0xb057 + i), uint32(i + 1));
        }
        slash(address(0xdead), 33);
        (address[] memory hosts,) = reputation.topHosts(100);
        assertEq(hosts.length, 32);
        assertEq(hosts[31], address(0xb057 + 31));
        slash(address(0xdead), 0); // 67 still
        slash(host, 30); // 70: more than the least two
        uint256[] memory points;
        (hosts, points) = reputation.topHosts(100);
        assertEq(hosts.length, 32);
        assertEq(points[31], 69);
        for (uint256 i = 0; i < 32; i++) {
            assertNotEq(hosts[i], address(0xb057 + 31));
            assertEq(i == 30 || i == 29, points[i] == 70);
        }
        slash(address(0xb057 + 31), 0); // 68: it comes back no more
        (hosts,) = reputation.topHosts(100);
        assertEq(hosts[31], address(0xb057 + 30));
    }

    function testFuzz_ListsWhoeverIsBetterThanTheLeast(uint32[48] memory amounts) external {
        for (uint160 i = 0; i < 48; i++) {
            slash(address(0xb057 + i), uint32(bound(amounts[i], 0, 120)));
        }
        (address[] memory hosts, uint256[] memory points) = reputation.topHosts(100);
        assertEq(hosts.length, 32);
        uint256 better;
        for (uint160 i = 0; i < 48; i++) {
            if (reputation.getReputation(address(0xb057 + i)) > points[31]) better++;
        }
        uint256 listed;
        for (uint256 i = 0; i < 32; i++) {
            assertEq(points[i], reputation.getReputation(hosts[i]));
            if (i > 0) assertGe(points[i - 1], points[i]);
            if (points[i] > points[31]) listed++;
            for (uint256 j = 0; j < i; j++) {
                assertNotEq(hosts[i], hosts[j]);
            }
        }
        assertEq(listed, better);
    }

    /// forge-config: default.isolate = true
    function test_GasDoesNotDependOnTheNumberOfHosts() external {
        for (uint160 i = 0; i < 33; i++) {
            slash(address(0xb057 + i), 1);
        }
        slash(address(0xdead), 50);
        uint256 few = vm.snapshotGasLastCall("ReputationSystem", "slash, list full");
        for (uint160 i = 33; i < 400; i++) {
            slash(address(0xb057 + i), 1);
        }
        slash(address(0xdeaf), 50);
        assertEq(vm.lastCallGas().gasTotalUsed, few);
    }

    function slash(address account, uint32 amount) private {
        vm.prank(slasher);
        reputation.slashReputation(account, amount, "reason");
    }
}
