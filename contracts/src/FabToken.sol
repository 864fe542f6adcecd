// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// @title FabToken
/// @notice FAB: staked by hosts, votes in governance. 18 decimals, 1,000,000 to begin with; the owner, which is governance
/// once there is one, may mint at most 2 % of the supply in any 365 days.
/// @dev Votes are by timestamp (ERC-6372), since block times differ between chains.
contract FabToken is ERC20, ERC20Burnable, ERC20Permit, ERC20Votes, Ownable2Step {
    /* CONSTANTS */

    /// @notice Minted at construction, in base units.
    uint256 public constant INITIAL_SUPPLY = 1_000_000e18;
    /// @notice Most that may be minted in a year, in hundredths of a percent of the supply.
    uint256 public constant MINT_CAP_BPS = 200;
    /// @notice A year, for the cap.
    uint256 public constant MINT_PERIOD = 365 days;

    /* STORAGE: one slot */

    /// @dev Votes bound the supply to 208 bits, but the cap keeps it far below 104 for as long as anyone will look: from
    /// 2^80 at 2 % a year, more than 800 years.
    uint104 private _mintCap; // of the period
    uint104 private _minted; // in the period
    uint48 private _lastMint; // zero: never

    /* EVENTS AND ERRORS */

    /// @notice The owner minted.
    event Minted(address indexed to, uint256 amount, uint256 available);

    /// @notice More than may be minted now.
    error FabToken_MintCapExceeded(uint256 amount, uint256 available);

    /* CONSTRUCTION */

    /// @param owner_ May mint.
    /// @param holder Receives the initial supply.
    constructor(address owner_, address holder) ERC20("Fabstir", "FAB") ERC20Permit("Fabstir") Ownable(owner_) {
        _mint(holder, INITIAL_SUPPLY);
    }

    /* MINTING */

    /// @notice Makes `amount` base units for `to`, within what `mintable` says. Caller: the owner.
    /// @dev The allowance is renewed when 365 days have passed since the last mint, not the first: so no span of 365
    /// days, wherever it starts, sees more than one allowance.
    function mint(address to, uint256 amount) external onlyOwner {
        (uint256 cap, uint256 minted) = _period();
        if (amount > cap - minted) revert FabToken_MintCapExceeded(amount, cap - minted);
        minted += amount;
        // Both are at most a fiftieth of the supply.
        // forge-lint: disable-next-line(unsafe-typecast)
        (_mintCap, _minted, _lastMint) = (uint104(cap), uint104(minted), clock());
        emit Minted(to, amount, cap - minted);
        _mint(to, amount);
    }

    /// @notice Base units that the owner may mint now.
    function mintable() external view returns (uint256) {
        (uint256 cap, uint256 minted) = _period();
        return cap - minted;
    }

    function _period() private view returns (uint256 cap, uint256 minted) {
        if (_lastMint == 0 || block.timestamp >= _lastMint + MINT_PERIOD) {
            return (totalSupply() * MINT_CAP_BPS / 10_000, 0);
        }
        return (_mintCap, _minted);
    }

    /* CLOCK */

    /// @notice Seconds since the epoch.
    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @notice That the clock counts seconds.
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /* OVERRIDES THAT SOLIDITY ASKS FOR */

    /// @inheritdoc ERC20Permit
    function nonces(address owner_) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner_);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
