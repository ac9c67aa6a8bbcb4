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

// profile is the instance profile of an instance; the zero value is none.
type profile struct {
	ARN string `json:"instance_profile,omitempty"`

	association string // its id, which is another one after an undo
}

// NewDetachProfile returns the action ec2.detach-instance-profile.
func NewDetachProfile(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, profile]{
		Spec: action.Spec{
			Name:  "ec2.detach-instance-profile",
			Title: "Take an instance's role away",
			Description: "Takes the instance profile from an instance, so that it gets no more credentials of its role. Those that it has, or that " +
				"somebody took from it, hold for up to six hours: iam.revoke-sessions ends them. The undo gives the profile back.",
			Parameters: json.RawMessage(idSchema("instance_id", "i", "instance")),
			Permissions: []string{
				"ec2:DescribeInstances", "ec2:DescribeIamInstanceProfileAssociations", "ec2:DisassociateIamInstanceProfile",
				"ec2:AssociateIamInstanceProfile", "iam:PassRole",
			},
			Effect: action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: findInstance, Read: readProfile,
		Want: func(_ action.Resource, _ instanceParams, now profile) (profile, string, error) {
			if now.ARN == "" {
				return now, "It has no instance profile.", nil
			}
			return profile{}, "It gets credentials by " + now.ARN + ".", nil
		},
		Steps: func(r action.Resource, from, to profile) ([]setting.Step[profile], error) {
			var steps []setting.Step[profile]
			if from.ARN != "" {
				steps = append(steps, setting.Step[profile]{Operation: "DisassociateIamInstanceProfile", Input: map[string]any{"AssociationId": from.association}})
			}
			if to.ARN != "" {
				input := map[string]any{"InstanceId": r.Name, "IamInstanceProfile": map[string]string{"Arn": to.ARN}}
				steps = append(steps, setting.Step[profile]{Operation: "AssociateIamInstanceProfile", Input: input, Leaves: to})
			}
			return steps, nil
		},
		Operations: map[string]setting.Operation{
			"AssociateIamInstanceProfile":    setting.Op(ec2.NewFromConfig, (*ec2.Client).AssociateIamInstanceProfile),
			"DisassociateIamInstanceProfile": setting.Op(ec2.NewFromConfig, (*ec2.Client).DisassociateIamInstanceProfile),
		},
	})
}

func readProfile(ctx context.Context, cfg aws.Config, r action.Resource) (profile, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{
		Filters: []types.Filter{
			{Name: aws.String("instance-id"), Values: []string{r.Name}},
			{Name: aws.String("state"), Values: []string{"associating", "associated"}},
		},
	})
	if err != nil {
		return profile{}, awscall.Fault(err, "ec2:DescribeIamInstanceProfileAssociations", "read the instance profile of %s", r.Name)
	}
	for _, a := range out.IamInstanceProfileAssociations {
		if a.IamInstanceProfile != nil {
			return profile{aws.ToString(a.IamInstanceProfile.Arn), aws.ToString(a.AssociationId)}, nil
		}
	}
	return profile{}, nil
}
