package ec2

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// publicSharing is what an account blocks of sharing with everybody in a region.
type publicSharing struct {
	State string `json:"state"`

	managed bool // by a declarative policy of the organisation
}

func (s publicSharing) want(state, why string) (publicSharing, string, error) {
	switch {
	case s.State == state:
		return s, "It is blocked already.", nil
	case s.managed:
		return s, "", setting.Escalation("A declarative policy of the organisation says " + s.State + ": change the policy, in the management account.")
	}
	return publicSharing{State: state}, why, nil
}

// NewBlockPublicSnapshots returns the action ec2.block-public-snapshots.
func NewBlockPublicSnapshots(caller *awscall.Caller) action.Action {
	const all = string(types.SnapshotBlockPublicAccessStateBlockAllSharing)
	return setting.New(caller, setting.Setting[struct{}, publicSharing]{
		Spec: action.Spec{
			Name:  "ec2.block-public-snapshots",
			Title: "Let no EBS snapshot be public",
			Description: "Blocks public access to the EBS snapshots of a region: nobody can share one with everybody, and those that are public are " +
				"so no more while it is blocked. What is shared with single accounts stays.",
			Parameters:  json.RawMessage(noParameters),
			Permissions: []string{"ec2:GetSnapshotBlockPublicAccessState", "ec2:EnableSnapshotBlockPublicAccess", "ec2:DisableSnapshotBlockPublicAccess"},
			Effect:      action.StateChecked,
		},
		Find: findRegion,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (publicSharing, error) {
			out, err := ec2.NewFromConfig(cfg).GetSnapshotBlockPublicAccessState(ctx, &ec2.GetSnapshotBlockPublicAccessStateInput{})
			if err != nil {
				return publicSharing{}, awscall.Fault(err, "ec2:GetSnapshotBlockPublicAccessState", "see whether snapshots may be public in %s", r.Region)
			}
			return publicSharing{string(out.State), out.ManagedBy == types.ManagedByDeclarativePolicy}, nil
		},
		Want: func(_ action.Resource, _ struct{}, now publicSharing) (publicSharing, string, error) {
			return now.want(all, fmt.Sprintf("Its state is %s, so that snapshots can be public.", now.State))
		},
		Steps: func(_ action.Resource, _, to publicSharing) ([]setting.Step[publicSharing], error) {
			if to.State == string(types.SnapshotBlockPublicAccessStateUnblocked) {
				return []setting.Step[publicSharing]{{Operation: "DisableSnapshotBlockPublicAccess", Input: map[string]any{}, Leaves: to}}, nil
			}
			return []setting.Step[publicSharing]{{Operation: "EnableSnapshotBlockPublicAccess", Input: map[string]any{"State": to.State}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"EnableSnapshotBlockPublicAccess":  setting.Op(ec2.NewFromConfig, (*ec2.Client).EnableSnapshotBlockPublicAccess),
			"DisableSnapshotBlockPublicAccess": setting.Op(ec2.NewFromConfig, (*ec2.Client).DisableSnapshotBlockPublicAccess),
		},
	})
}

// NewBlockPublicImages returns the action ec2.block-public-images.
func NewBlockPublicImages(caller *awscall.Caller) action.Action {
	const block = string(types.ImageBlockPublicAccessEnabledStateBlockNewSharing)
	return setting.New(caller, setting.Setting[struct{}, publicSharing]{
		Spec: action.Spec{
			Name:  "ec2.block-public-images",
			Title: "Let no further image become public",
			Description: "Blocks public access to the AMIs of a region: nobody can share one with everybody any more, which takes AWS up to ten minutes. " +
				"Images that are public stay so: ec2.make-image-private takes that back.",
			Parameters:  json.RawMessage(noParameters),
			Permissions: []string{"ec2:GetImageBlockPublicAccessState", "ec2:EnableImageBlockPublicAccess", "ec2:DisableImageBlockPublicAccess"},
			Effect:      action.StateChecked,
		},
		Find: findRegion,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (publicSharing, error) {
			out, err := ec2.NewFromConfig(cfg).GetImageBlockPublicAccessState(ctx, &ec2.GetImageBlockPublicAccessStateInput{})
			if err != nil {
				return publicSharing{}, awscall.Fault(err, "ec2:GetImageBlockPublicAccessState", "see whether images may be public in %s", r.Region)
			}
			return publicSharing{aws.ToString(out.ImageBlockPublicAccessState), out.ManagedBy == types.ManagedByDeclarativePolicy}, nil
		},
		Want: func(_ action.Resource, _ struct{}, now publicSharing) (publicSharing, string, error) {
			return now.want(block, "Images can be shared with everybody.")
		},
		Steps: func(_ action.Resource, _, to publicSharing) ([]setting.Step[publicSharing], error) {
			if to.State == string(types.ImageBlockPublicAccessDisabledStateUnblocked) {
				return []setting.Step[publicSharing]{{Operation: "DisableImageBlockPublicAccess", Input: map[string]any{}, Leaves: to}}, nil
			}
			return []setting.Step[publicSharing]{{Operation: "EnableImageBlockPublicAccess", Input: map[string]any{"ImageBlockPublicAccessState": to.State}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"EnableImageBlockPublicAccess":  setting.Op(ec2.NewFromConfig, (*ec2.Client).EnableImageBlockPublicAccess),
			"DisableImageBlockPublicAccess": setting.Op(ec2.NewFromConfig, (*ec2.Client).DisableImageBlockPublicAccess),
		},
	})
}
