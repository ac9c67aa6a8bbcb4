package s3

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// flags are the four settings of Block Public Access
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html).
type flags struct {
	BlockPublicAcls       bool `json:"block_public_acls"`
	IgnorePublicAcls      bool `json:"ignore_public_acls"`
	BlockPublicPolicy     bool `json:"block_public_policy"`
	RestrictPublicBuckets bool `json:"restrict_public_buckets"`
}

// blockState is the part of a bucket's or an account's state that matters here. Block is nil where nothing is configured.
type blockState struct {
	Block *flags `json:"public_access_block,omitempty"`
}

// readBlock reads the settings of a bucket or an account.
type readBlock func(context.Context, action.Resource) (blockState, error)

func newFlags(blockACLs, ignoreACLs, blockPolicy, restrict *bool) blockState {
	return blockState{&flags{aws.ToBool(blockACLs), aws.ToBool(ignoreACLs), aws.ToBool(blockPolicy), aws.ToBool(restrict)}}
}

var allBlocked = blockState{&flags{true, true, true, true}}

func (s blockState) json() json.RawMessage {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("s3: four flags are not JSON: " + err.Error())
	}
	return raw
}

func (s blockState) same(raw json.RawMessage) bool { return action.SameState(s.json(), raw) }

// open names the settings that are off.
func (s blockState) open() string {
	if s.Block == nil {
		return "all four settings"
	}
	var off []string
	for _, setting := range []struct {
		name string
		on   bool
	}{
		{"BlockPublicAcls", s.Block.BlockPublicAcls}, {"IgnorePublicAcls", s.Block.IgnorePublicAcls},
		{"BlockPublicPolicy", s.Block.BlockPublicPolicy}, {"RestrictPublicBuckets", s.Block.RestrictPublicBuckets},
	} {
		if !setting.on {
			off = append(off, setting.name)
		}
	}
	return strings.Join(off, ", ")
}

// write returns the call that makes the block of a bucket or account what s says. target names which in the call's input.
func (s blockState) write(r action.Resource, target map[string]any) (action.Call, error) {
	operation := "DeletePublicAccessBlock"
	if f := s.Block; f != nil {
		operation = "PutPublicAccessBlock"
		target["PublicAccessBlockConfiguration"] = map[string]bool{
			"BlockPublicAcls": f.BlockPublicAcls, "IgnorePublicAcls": f.IgnorePublicAcls,
			"BlockPublicPolicy": f.BlockPublicPolicy, "RestrictPublicBuckets": f.RestrictPublicBuckets,
		}
	}
	return newCall(operation, r, target)
}

// planBlock completes an item that switches everything on.
func planBlock(item action.Item, now blockState, target map[string]any) (action.Item, error) {
	item.Before, item.After = now.json(), allBlocked.json()
	if now.same(item.After) {
		item.Status, item.Reason = action.Unneeded, "All public access is blocked already."
		return item, nil
	}
	item.Status = action.Change
	item.Reason = "Public access can be given, because these settings of Block Public Access are off: " + now.open() + "."
	call, err := allBlocked.write(item.Resource, target)
	item.Calls = []action.Call{call}
	return item, err
}

// applyBlock makes the item's call. Where the settings are no longer as the plan saw them: fault.Conflict, and nothing is done.
func applyBlock(ctx context.Context, item action.Item, read readBlock, call func(context.Context, action.Call) error) ([]action.Receipt, error) {
	now, err := read(ctx, item.Resource)
	if err != nil {
		return nil, err
	}
	if !now.same(item.Before) {
		return nil, fault.New(fault.Conflict, "the public access block of %s was changed after the plan was made", item.Resource.Name).
			WithHint("look at who changed it, and make the plan again")
	}
	return action.ApplyCalls(ctx, item, call)
}

// verifyBlock looks whether the settings are as planned.
func verifyBlock(ctx context.Context, item action.Item, read readBlock) error {
	now, err := read(ctx, item.Resource)
	if err == nil && !now.same(item.After) {
		err = action.ErrNotYet
	}
	return err
}

// undoBlock plans to put the old settings back.
func undoBlock(applied action.Item, now blockState, target map[string]any) (action.Item, error) {
	undo := action.Item{ID: applied.ID, Resource: applied.Resource, Before: now.json()}
	switch {
	case now.same(applied.Before):
		undo.Status, undo.After, undo.Reason = action.Unneeded, now.json(), "The settings are as they were before already."
		return undo, nil
	case !now.same(applied.After):
		undo.Status, undo.Reason = action.Conflict, "Somebody changed the settings since, so they are left as they are."
		return undo, nil
	}
	var before blockState
	if err := json.Unmarshal(applied.Before, &before); err != nil {
		return undo, fault.New(fault.Invalid, "the stored state of %s cannot be read: %w", applied.ID, err)
	}
	undo.Status, undo.After, undo.Reason = action.Change, applied.Before, "Puts the settings back to what they were before."
	call, err := before.write(undo.Resource, target)
	undo.Calls = []action.Call{call}
	return undo, err
}
