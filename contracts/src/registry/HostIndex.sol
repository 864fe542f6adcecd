// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title HostIndex
/// @notice Lists of active hosts: all of them, and those with a model, a capability, a region or a controller in common.
/// @dev Putting a host on a list and taking it off costs the same however long the list is: the last one takes its place.
abstract contract HostIndex is INodeRegistry {
    using SafeCast for uint256;

    /* TYPES */

    /// @dev What the hosts of a list have in common.
    enum Kind {
        Active,
        Model,
        Capability,
        Region,
        Controller
    }

    /// @dev A host's place in a list. One slot.
    struct Place {
        uint32 position; // from 1; zero if not in it
        uint32 uses; // reasons to be in it: tokens in which the host offers the model
    }

    /* STORAGE */

    /// @notice Most entries of one page.
    uint256 public constant MAX_PAGE = 256;

    mapping(Kind kind => mapping(bytes32 key => address[] hosts)) private _lists;
    mapping(Kind kind => mapping(bytes32 key => mapping(address host => Place))) private _places;

    /* CHANGING LISTS */

    /// @dev One more reason for the host to be in the list.
    function _enlist(Kind kind, bytes32 key, address host) internal {
        Place storage place = _places[kind][key][host];
        if (place.position == 0) {
            address[] storage hosts = _lists[kind][key];
            hosts.push(host);
            place.position = hosts.length.toUint32();
        }
        place.uses += 1;
    }

    /// @dev One reason less; without any the host is taken off.
    function _release(Kind kind, bytes32 key, address host) internal {
        Place storage place = _places[kind][key][host];
        if (place.uses == 1) _strike(kind, key, host);
        else place.uses -= 1;
    }

    /// @dev Takes the host off, whatever reasons it had; does nothing if it is not in the list.
    function _strike(Kind kind, bytes32 key, address host) internal {
        uint32 position = _places[kind][key][host].position;
        if (position == 0) return;
        address[] storage hosts = _lists[kind][key];
        address last = hosts[hosts.length - 1];
        hosts[position - 1] = last;
        _places[kind][key][last].position = position;
        hosts.pop();
        delete _places[kind][key][host]; // after the lines above, which may have been about the same host
    }

    /* READING */

    function _count(Kind kind, bytes32 key) internal view returns (uint256) {
        return _lists[kind][key].length;
    }

    function _page(Kind kind, bytes32 key, uint256 offset, uint256 limit)
        internal
        view
        returns (address[] memory page)
    {
        address[] storage hosts = _lists[kind][key];
        page = new address[](_pageLength(hosts.length, offset, limit));
        for (uint256 i = 0; i < page.length; i++) {
            page[i] = hosts[offset + i];
        }
    }

    /// @dev Refuses large pages: a shorter one than asked for would make a caller that steps by its limit skip entries.
    function _pageLength(uint256 length, uint256 offset, uint256 limit) internal pure returns (uint256) {
        if (limit > MAX_PAGE) revert NodeRegistry_TooMany(limit, MAX_PAGE);
        if (offset >= length) return 0;
        uint256 rest = length - offset;
        return rest < limit ? rest : limit;
    }
}
