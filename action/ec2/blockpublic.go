package ec2

import (
	"context"
	"encoding/json"

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

// blockable is what can be shared with everybody, and the calls that block that in a region.
type blockable struct {
	want            string // the state
	why             func(state string) string
	read            func(ctx context.Context, client *ec2.Client, region string) (publicSharing, error)
	enable, disable string
	member          string // of the input of enable: the state
	operations      map[string]setting.Operation
}

// NewBlockPublicSnapshots returns the action ec2.block-public-snapshots.
func NewBlockPublicSnapshots(caller *awscall.Caller) action.Action {
	return blockPublic(caller, action.Spec{
		Name:  "ec2.block-public-snapshots",
		Title: "Let no EBS snapshot be public",
		Description: "Blocks public access to the EBS snapshots of a region: nobody can share one with everybody, and those that are public are " +
			"so no more while it is blocked. What is shared with single accounts stays.",
		Permissions: []string{"ec2:GetSnapshotBlockPublicAccessState", "ec2:EnableSnapshotBlockPublicAccess", "ec2:DisableSnapshotBlockPublicAccess"},
	}, blockable{
		want: string(types.SnapshotBlockPublicAccessStateBlockAllSharing),
		why:  func(state string) string { return "Its state is " + state + ", so that snapshots can be public." },
		read: func(ctx context.Context, client *ec2.Client, region string) (publicSharing, error) {
			out, err := client.GetSnapshotBlockPublicAccessState(ctx, &ec2.GetSnapshotBlockPublicAccessStateInput{})
			if err != nil {
				return publicSharing{}, awscall.Fault(err, "ec2:GetSnapshotBlockPublicAccessState", "see whether snapshots may be public in %s", region)
			}
			return publicSharing{string(out.State), out.ManagedBy == types.ManagedByDeclarativePolicy}, nil
		},
		enable: "EnableSnapshotBlockPublicAccess", disable: "DisableSnapshotBlockPublicAccess", member: "State",
		operations: map[string]setting.Operation{
			"EnableSnapshotBlockPublicAccess":  setting.Op(ec2.NewFromConfig, (*ec2.Client).EnableSnapshotBlockPublicAccess),
			"DisableSnapshotBlockPublicAccess": setting.Op(ec2.NewFromConfig, (*ec2.Client).DisableSnapshotBlockPublicAccess),
		},
	})
}

// NewBlockPublicImages returns the action ec2.block-public-images.
func NewBlockPublicImages(caller *awscall.Caller) action.Action {
	return blockPublic(caller, action.Spec{
		Name:  "ec2.block-public-images",
		Title: "Let no further image become public",
		Description: "Blocks public access to the AMIs of a region: nobody can share one with everybody any more, which takes AWS up to ten minutes. " +
			"Images that are public stay so: ec2.make-image-private takes that back.",
		Permissions:  []string{"ec2:GetImageBlockPublicAccessState", "ec2:EnableImageBlockPublicAccess", "ec2:DisableImageBlockPublicAccess"},
		TakesSeconds: 900,
	}, blockable{
		want: string(types.ImageBlockPublicAccessEnabledStateBlockNewSharing),
		why:  func(string) string { return "Images can be shared with everybody." },
		read: func(ctx context.Context, client *ec2.Client, region string) (publicSharing, error) {
			out, err := client.GetImageBlockPublicAccessState(ctx, &ec2.GetImageBlockPublicAccessStateInput{})
			if err != nil {
				return publicSharing{}, awscall.Fault(err, "ec2:GetImageBlockPublicAccessState", "see whether images may be public in %s", region)
			}
			return publicSharing{aws.ToString(out.ImageBlockPublicAccessState), out.ManagedBy == types.ManagedByDeclarativePolicy}, nil
		},
		enable: "EnableImageBlockPublicAccess", disable: "DisableImageBlockPublicAccess", member: "ImageBlockPublicAccessState",
		operations: map[string]setting.Operation{
			"EnableImageBlockPublicAccess":  setting.Op(ec2.NewFromConfig, (*ec2.Client).EnableImageBlockPublicAccess),
			"DisableImageBlockPublicAccess": setting.Op(ec2.NewFromConfig, (*ec2.Client).DisableImageBlockPublicAccess),
		},
	})
}

func blockPublic(caller *awscall.Caller, spec action.Spec, b blockable) action.Action {
	spec.Parameters, spec.Effect = json.RawMessage(noParameters), action.StateChecked
	return setting.New(caller, setting.Setting[struct{}, publicSharing]{
		Spec: spec, Find: findRegion,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (publicSharing, error) {
			return b.read(ctx, ec2.NewFromConfig(cfg), r.Region)
		},
		Want: func(_ action.Resource, _ struct{}, now publicSharing) (publicSharing, string, error) {
			return now.want(b.want, b.why(now.State))
		},
		Steps: func(_ action.Resource, _, to publicSharing) ([]setting.Step[publicSharing], error) {
			if to.State == string(types.SnapshotBlockPublicAccessStateUnblocked) {
				return []setting.Step[publicSharing]{{Operation: b.disable, Input: map[string]any{}, Leaves: to}}, nil
			}
			return []setting.Step[publicSharing]{{Operation: b.enable, Input: map[string]any{b.member: to.State}, Leaves: to}}, nil
		},
		Operations: b.operations,
	})
}
