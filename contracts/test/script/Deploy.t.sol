// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {DeployScript} from "../../script/Deploy.s.sol";
import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";

contract DeployTest is Test {
    address private constant COIN = address(0);
    /// @dev So that nobody's file is overwritten; each test adds to it, since they run side by side.
    uint256 private constant NOBODYS_CHAIN = 0xfab57172;

    DeployScript private script;

    function setUp() external {
        script = new DeployScript();
        vm.chainId(NOBODYS_CHAIN);
    }

    function test_DeploysAndWritesTheAddresses() external {
        DeployScript.Deployment memory deployed = script.run();

        assertEq(IFabToken(deployed.fab).balanceOf(address(this)), 1_000_000e18);
        INodeRegistry registry = INodeRegistry(deployed.registry);
        assertEq(registry.fab(), deployed.fab);
        assertEq(registry.minStake(), 1000e18);
        assertEq(registry.unbondingPeriod(), 7 days);
        assertEq(registry.maxMetadata(), 4096);
        ISessionMarket market = ISessionMarket(deployed.market);
        assertEq(market.registry(), deployed.registry);
        assertEq(market.proofSystem(), address(0));
        assertEq(market.feeRecipient(), address(this));
        assertEq(market.getSessionRequirements(COIN).feeBps, 1500);
        assertTrue(market.getSessionRequirements(COIN).accepted);

        string memory json = vm.readFile(script.path());
        assertEq(vm.parseJsonUint(json, ".chainId"), block.chainid);
        assertEq(vm.parseJsonUint(json, ".block"), block.number);
        assertEq(vm.parseJsonAddress(json, ".fab"), deployed.fab);
        assertEq(vm.parseJsonAddress(json, ".registry"), deployed.registry);
        assertEq(vm.parseJsonAddress(json, ".market"), deployed.market);
        assertEq(vm.parseJsonAddress(json, ".tokens[0].address"), COIN);
        vm.removeFile(script.path());
    }

    function test_LeavesTheLimitsToAnotherOwner() external {
        vm.chainId(NOBODYS_CHAIN + 1);
        DeployScript.Config memory config = script.configFromEnvironment(address(this));
        config.owner = makeAddr("owner");
        DeployScript.Deployment memory deployed = script.deploy(config, address(this));
        vm.removeFile(script.path());
        assertFalse(ISessionMarket(deployed.market).getSessionRequirements(COIN).accepted);
        assertEq(IFabToken(deployed.fab).balanceOf(config.owner), 1_000_000e18);
    }
}
