// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";

/// @notice A registry with the default parameters, and three hosts with FAB and an allowance.
abstract contract NodeRegistryTest is Test {
    uint256 internal constant MIN_STAKE = 1000e18;
    uint64 internal constant UNBONDING = 7 days;
    uint256 internal constant MAX_METADATA = 4096;
    uint256 internal constant WALLET = 10_000e18;

    bytes32 internal constant MODEL_A = keccak256("model a");
    bytes32 internal constant MODEL_B = keccak256("model b");
    address internal constant COIN = address(0);
    address internal constant USD = address(0x05D);
    string internal constant URL = "https://host.example/v1/session";
    string internal constant METADATA = '{"gpu":"H200","region":"eu"}';

    IFabToken internal fab;
    INodeRegistry internal registry;
    address internal alice;
    address internal bob;
    address internal carol;
    address internal signer;
    address internal owner;
    address internal slasher;

    function setUp() public virtual {
        fab = Deploy.fabToken(address(this), address(this));
        (owner, slasher) = (makeAddr("owner"), makeAddr("slasher"));
        registry = Deploy.nodeRegistry(owner, address(fab), MIN_STAKE, UNBONDING, MAX_METADATA);
        (alice, bob, carol, signer) = (makeAddr("alice"), makeAddr("bob"), makeAddr("carol"), makeAddr("signer"));
        fund(alice);
        fund(bob);
        fund(carol);
        vm.warp(1_800_000_000);
        vm.prank(owner);
        registry.setSlasher(slasher, true);
    }

    function fund(address host) internal {
        assertTrue(fab.transfer(host, WALLET));
        vm.prank(host);
        fab.approve(address(registry), type(uint256).max);
    }

    /// @dev A compressed public key.
    function key() internal pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0x02), keccak256("key"));
    }

    /// @dev `length` times "x".
    function text(uint256 length) internal pure returns (string memory) {
        bytes memory data = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            data[i] = "x";
        }
        return string(data);
    }

    function none() internal pure returns (INodeRegistry.ModelPrice[] memory) {
        return new INodeRegistry.ModelPrice[](0);
    }

    function one(bytes32 modelId, address token, uint128 input, uint128 output)
        internal
        pure
        returns (INodeRegistry.ModelPrice[] memory prices)
    {
        prices = new INodeRegistry.ModelPrice[](1);
        prices[0] = INodeRegistry.ModelPrice(modelId, token, input, output);
    }

    /// @dev Model A in coin and USD, model B in USD.
    function three() internal pure returns (INodeRegistry.ModelPrice[] memory prices) {
        prices = new INodeRegistry.ModelPrice[](3);
        prices[0] = INodeRegistry.ModelPrice(MODEL_A, COIN, 1, 2);
        prices[1] = INodeRegistry.ModelPrice(MODEL_A, USD, 3, 4);
        prices[2] = INodeRegistry.ModelPrice(MODEL_B, USD, 5, 6);
    }

    /// @dev `count` different models in coin.
    function many(uint256 count) internal pure returns (INodeRegistry.ModelPrice[] memory prices) {
        prices = new INodeRegistry.ModelPrice[](count);
        for (uint256 i = 0; i < count; i++) {
            prices[i] = INodeRegistry.ModelPrice(keccak256(abi.encode(i)), COIN, 1, 2);
        }
    }

    function register(address host, INodeRegistry.ModelPrice[] memory prices) internal {
        vm.prank(host);
        registry.register(signer, URL, METADATA, key(), prices);
    }

    function setPrices(address host, INodeRegistry.ModelPrice[] memory prices) internal {
        vm.prank(host);
        registry.setPrices(prices);
    }

    function unregister(address host) internal {
        vm.prank(host);
        registry.unregister();
    }

    function slash(address host, uint256 amount) internal {
        vm.prank(slasher);
        registry.slash(host, amount, "reason");
    }

    /// @dev `controller` registers `host`, which agreed.
    function registerControlled(address controller, address host, INodeRegistry.ModelPrice[] memory prices) internal {
        vm.prank(host);
        registry.approveController(controller);
        vm.prank(controller);
        registry.registerControlled(host, signer, URL, METADATA, key(), prices);
    }

    function advertise(address host, bytes32 region, bytes32[] memory list) internal {
        vm.prank(host);
        registry.advertise(region, 80, list);
    }

    /// @dev `count` different capabilities.
    function capabilities(uint256 count) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            list[i] = bytes32(i + 1);
        }
    }

    function withdraw(address host) internal {
        skip(UNBONDING);
        vm.prank(host);
        registry.withdrawStake(host);
    }

    function assertOffer(address host, bytes32 modelId, address token, uint128 input, uint128 output) internal view {
        (address offeredBy, uint128 inputPrice, uint128 outputPrice) = registry.offerOf(host, modelId, token);
        assertEq(offeredBy, signer, "signer");
        assertEq(inputPrice, input, "input price");
        assertEq(outputPrice, output, "output price");
    }

    function assertNoOffer(address host, bytes32 modelId, address token) internal view {
        (, uint128 inputPrice, uint128 outputPrice) = registry.offerOf(host, modelId, token);
        assertEq(inputPrice, 0, "input price");
        assertEq(outputPrice, 0, "output price");
    }

    function assertHosts(address[] memory hosts) internal pure {
        assertEq(hosts.length, 0, "hosts");
    }

    function assertHosts(address[] memory hosts, address first) internal pure {
        assertEq(hosts.length, 1, "hosts");
        assertEq(hosts[0], first, "first host");
    }

    function assertHosts(address[] memory hosts, address first, address second) internal pure {
        assertEq(hosts.length, 2, "hosts");
        assertEq(hosts[0], first, "first host");
        assertEq(hosts[1], second, "second host");
    }
}
