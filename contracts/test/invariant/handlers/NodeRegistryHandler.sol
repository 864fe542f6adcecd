// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../../src/interfaces/IFabToken.sol";
import {INodeRegistry} from "../../../src/interfaces/INodeRegistry.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";

/// @title NodeRegistryHandler
/// @notice Five hosts, a controller, three models and two tokens, moved at random in ways that must all succeed. Beside the registry it
/// keeps a model of it that is too simple to be wrong: plain mappings, no indexes, no generations.
contract NodeRegistryHandler is Test {
    uint256 public constant HOSTS = 5;
    uint256 public constant MODELS = 3;
    uint256 public constant TOKENS = 2;
    uint256 public constant ACCOUNTS = 6; // the hosts and the controller
    uint256 public constant KEYS = 3; // regions, and capabilities
    uint256 public constant WALLET = 160_000e18; // of each account

    INodeRegistry public immutable registry;
    IFabToken public immutable fab;

    address[] public hosts;
    address[] public accounts;
    address public immutable controller = address(0xC0);

    /* WHAT SHOULD BE */

    mapping(address host => bool) public active;
    mapping(address host => uint256) public stakes;
    mapping(address host => address) public ownerOf; // of its stake
    mapping(address account => uint256) public owned; // stake
    mapping(address account => uint256) public fortune; // wallet and stake
    mapping(address host => bytes32) public regions;
    mapping(address host => uint256) public capabilities; // a bit each
    mapping(address host => uint256) public slashedAt;
    mapping(address host => uint256) public unbondingUntil;
    mapping(address host => address) public signers;
    mapping(address host => mapping(bytes32 modelId => mapping(address token => INodeRegistry.ModelPrice))) internal
        _offers;

    constructor(INodeRegistry registry_, IFabToken fab_) {
        (registry, fab) = (registry_, fab_);
        for (uint256 i = 0; i < HOSTS; i++) {
            address host = address(uint160(0x10000 + i));
            hosts.push(host);
            accounts.push(host);
        }
        accounts.push(controller);
        for (uint256 i = 0; i < ACCOUNTS; i++) {
            fortune[accounts[i]] = WALLET;
            vm.prank(accounts[i]);
            fab_.approve(address(registry_), type(uint256).max);
        }
    }

    /* MOVES */

    function register(uint256 hostSeed, address signer, uint256 prices, uint128 price) external {
        (address host, bool found) = pick(hostSeed, false);
        // A host whose controller's stake is still here is the controller's to register.
        if (!found || ownerOf[host] == controller || fab.balanceOf(host) < registry.minStake()) return;
        if (signer == address(0)) signer = host;
        INodeRegistry.ModelPrice[] memory list = choose(prices, price);
        vm.prank(host);
        registry.register(signer, "https://host.example", "", abi.encodePacked(bytes1(0x03), bytes32(hostSeed)), list);
        joined(host, host, signer, list);
    }

    function registerControlled(uint256 hostSeed, uint256 prices, uint128 price) external {
        (address host, bool found) = pick(hostSeed, false);
        if (!found || ownerOf[host] == host || fab.balanceOf(controller) < registry.minStake()) return;
        INodeRegistry.ModelPrice[] memory list = choose(prices, price);
        vm.prank(host);
        registry.approveController(controller);
        vm.prank(controller);
        registry.registerControlled(
            host, host, "https://farm.example", "", abi.encodePacked(bytes1(0x02), bytes32(0)), list
        );
        joined(host, controller, host, list);
    }

    function advertise(uint256 hostSeed, uint256 region, uint256 bits) external {
        (address host, bool found) = pick(hostSeed, true);
        if (!found) return;
        bytes32 key = region % 4 == 3 ? bytes32(0) : keyAt(region % 4);
        uint256 count;
        for (uint256 k = 0; k < KEYS; k++) {
            count += bits >> k & 1;
        }
        bytes32[] memory list = new bytes32[](count);
        for (uint256 k = 0; k < KEYS; k++) {
            if (bits >> k & 1 == 1) list[--count] = keyAt(k);
        }
        vm.prank(host);
        registry.advertise(key, 24, list);
        (regions[host], capabilities[host]) = (key, bits & 7);
    }

    /// @dev As much as one decision may take, or less; waits until it may.
    function slash(uint256 hostSeed, uint256 amount) external {
        address host = hosts[hostSeed % HOSTS];
        uint256 stake = stakes[host];
        if (stake < 2) return;
        if (slashedAt[host] != 0 && timestamp() < slashedAt[host] + 24 hours) vm.warp(slashedAt[host] + 24 hours);
        amount = bound(amount, 1, stake / 2);
        registry.slash(host, amount, bytes32(0));
        slashedAt[host] = timestamp();
        stakes[host] -= amount;
        owned[ownerOf[host]] -= amount;
        fortune[ownerOf[host]] -= amount;
        if (active[host] && stake - amount < registry.slashRules().floor) left(host);
    }

    function update(uint256 hostSeed, address signer) external {
        (address host, bool found) = pick(hostSeed, true);
        if (!found || signer == address(0)) return;
        vm.prank(host);
        registry.update(signer, "https://moved.example", "{}", abi.encodePacked(bytes1(0x02), bytes32(hostSeed)));
        signers[host] = signer;
    }

    function setPrices(uint256 hostSeed, uint256 prices, uint128 price) external {
        (address host, bool found) = pick(hostSeed, true);
        if (!found) return;
        INodeRegistry.ModelPrice[] memory list = choose(prices, price);
        vm.prank(host);
        registry.setPrices(list);
        storeOffers(host, list);
    }

    function removePrice(uint256 hostSeed, uint256 which) external {
        (address host, bool found) = pick(hostSeed, true);
        if (!found) return;
        (bytes32 modelId, address token) = (model(which % MODELS), tokenAt(which / MODELS % TOKENS));
        if (_offers[host][modelId][token].outputPrice == 0) return;
        vm.prank(host);
        registry.removePrice(modelId, token);
        delete _offers[host][modelId][token];
    }

    function addStake(uint256 hostSeed, uint256 amount) external {
        (address host, bool found) = pick(hostSeed, true);
        if (!found) return;
        amount = bound(amount, 0, fab.balanceOf(host));
        vm.prank(host);
        registry.addStake(amount);
        fortune[host] -= amount; // a gift, if the stake is the controller's
        fortune[ownerOf[host]] += amount;
        owned[ownerOf[host]] += amount;
        stakes[host] += amount;
    }

    function unregister(uint256 hostSeed) external {
        (address host, bool found) = pick(hostSeed, true);
        if (!found) return;
        if (ownerOf[host] == controller && hostSeed & 1 << 200 != 0) {
            vm.prank(controller);
            registry.unregisterControlled(host);
        } else {
            vm.prank(host);
            registry.unregister();
        }
        left(host);
    }

    /// @dev Waits as long as it must: the exit of a host that left is always open in the end.
    function withdrawStake(uint256 hostSeed) external {
        (address host, bool found) = pick(hostSeed, false);
        if (!found || unbondingUntil[host] == 0) return;
        if (timestamp() < unbondingUntil[host]) vm.warp(unbondingUntil[host]);
        address to = ownerOf[host];
        vm.prank(to);
        if (to == host) registry.withdrawStake(to);
        else registry.withdrawControlledStake(host, to);
        owned[to] -= stakes[host];
        (stakes[host], unbondingUntil[host]) = (0, 0);
        (ownerOf[host], signers[host]) = (address(0), address(0));
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 3 days));
    }

    /* VIEWS */

    function model(uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode("model", index));
    }

    function keyAt(uint256 index) public pure returns (bytes32) {
        return bytes32(index + 1);
    }

    function tokenAt(uint256 index) public pure returns (address) {
        return index == 0 ? address(0) : address(0x05D);
    }

    function offer(address host, bytes32 modelId, address token)
        external
        view
        returns (INodeRegistry.ModelPrice memory)
    {
        return _offers[host][modelId][token];
    }

    /* INTERNAL */

    /// @dev What a registration changes in the model.
    function joined(address host, address owner, address signer, INodeRegistry.ModelPrice[] memory list) private {
        uint256 min = registry.minStake();
        if (stakes[host] < min) {
            owned[owner] += min - stakes[host];
            stakes[host] = min;
        }
        (active[host], unbondingUntil[host]) = (true, 0);
        (signers[host], ownerOf[host]) = (signer, owner);
        clearOffers(host);
        storeOffers(host, list);
    }

    function left(address host) private {
        active[host] = false;
        unbondingUntil[host] = timestamp() + registry.unbondingPeriod();
        (regions[host], capabilities[host]) = (bytes32(0), 0);
        clearOffers(host);
    }

    /// @dev The first host from `seed` on that is active, or is not.
    function pick(uint256 seed, bool wanted) private view returns (address host, bool found) {
        for (uint256 i = 0; i < HOSTS; i++) {
            host = hosts[(seed % HOSTS + i) % HOSTS];
            if (active[host] == wanted) return (host, true);
        }
    }

    /// @dev Each of the six offers whose bit is set in `bits`.
    function choose(uint256 bits, uint128 price) private pure returns (INodeRegistry.ModelPrice[] memory list) {
        uint256 count;
        for (uint256 i = 0; i < MODELS * TOKENS; i++) {
            count += bits >> i & 1;
        }
        list = new INodeRegistry.ModelPrice[](count);
        for (uint256 i = 0; i < MODELS * TOKENS; i++) {
            if (bits >> i & 1 == 0) continue;
            list[--count] = INodeRegistry.ModelPrice(model(i % MODELS), tokenAt(i / MODELS), price, price | 1);
        }
    }

    function storeOffers(address host, INodeRegistry.ModelPrice[] memory list) private {
        for (uint256 i = 0; i < list.length; i++) {
            _offers[host][list[i].modelId][list[i].token] = list[i];
        }
    }

    function clearOffers(address host) private {
        for (uint256 i = 0; i < MODELS * TOKENS; i++) {
            delete _offers[host][model(i % MODELS)][tokenAt(i / MODELS)];
        }
    }
}
