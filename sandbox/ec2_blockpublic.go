package sandbox

import "riposte.dev/sandbox/wire"

// The states of the block of public sharing. The zero value of an account is
// unblocked, as AWS's was for those that are older than the block.
const (
	blockAllSharing = "block-all-sharing"
	blockNewSharing = "block-new-sharing"
	unblocked       = "unblocked"
)

// blockPublicOperations keep snapshots and images of a region from the public
// (https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html).
func blockPublicOperations() []operation {
	snapshots := func(c *call) *string { return &c.ec2().blockSnapshots }
	images := func(c *call) *string { return &c.ec2().blockImages }
	const image = "ImageBlockPublicAccessState"
	return []operation{
		{name: "GetSnapshotBlockPublicAccessState", handle: getBlock(snapshots, "State"), record: wrapped()},
		{name: "EnableSnapshotBlockPublicAccess", handle: setBlock(snapshots, "State"), record: wrapped()},
		{name: "DisableSnapshotBlockPublicAccess", handle: setBlock(snapshots, "State"), record: wrapped()},
		{name: "GetImageBlockPublicAccessState", handle: getBlock(images, image), record: wrapped()},
		{name: "EnableImageBlockPublicAccess", handle: setBlock(images, image), record: wrapped()},
		{name: "DisableImageBlockPublicAccess", handle: setBlock(images, image), record: wrapped()},
	}
}

func getBlock(of func(*call) *string, member string) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		return wire.Object{member: orElse(*of(c), unblocked), "ManagedBy": "account"}, nil
	}
}

// setBlock takes the state of an Enable operation; a Disable operation has none.
func setBlock(of func(*call) *string, member string) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		state := orElse(c.in.str(member), unblocked)
		if c.in.has(member) && state == unblocked {
			return nil, c.fail(wire.Invalid, "Value (%s) for parameter %s is invalid.", state, member)
		}
		*of(c) = state
		return wire.Object{member: state}, nil
	}
}

// mayBePublic refuses to share with everybody what the account blocks.
func mayBePublic(state, what string, add []input) error {
	for _, p := range add {
		if p.str("Group") == "all" && orElse(state, unblocked) != unblocked {
			return wire.Errorf("OperationNotPermitted", "You can't publicly share this %s because block public access is enabled for %ss in this Region.", what, what)
		}
	}
	return nil
}
