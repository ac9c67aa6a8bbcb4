package ec2

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// addresses is whether new interfaces of a subnet get a public address.
type addresses struct {
	Public bool `json:"map_public_ip_on_launch"`
}

// subnetParams name a subnet.
type subnetParams struct {
	Subnet string `json:"subnet_id"`
}

func describeSubnet(ctx context.Context, cfg aws.Config, id string) (types.Subnet, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{id}})
	if err != nil || len(out.Subnets) == 0 {
		return types.Subnet{}, missing(err, "ec2:DescribeSubnets", "subnet", id)
	}
	return out.Subnets[0], nil
}

// NewNoPublicAddress returns the action ec2.no-public-ip-on-launch.
func NewNoPublicAddress(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[subnetParams, addresses]{
		Spec: action.Spec{
			Name:        "ec2.no-public-ip-on-launch",
			Title:       "Give new instances of a subnet no public address",
			Description: "Has the subnet give no public address to instances that are launched in it, unless they ask for one. Those that run keep theirs.",
			Parameters:  json.RawMessage(idSchema("subnet_id", "subnet", "subnet")),
			Permissions: []string{"ec2:DescribeSubnets", "ec2:ModifySubnetAttribute"},
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p subnetParams) ([]action.Resource, error) {
			if err := checkID("subnet_id", p.Subnet, "subnet"); err != nil {
				return nil, err
			}
			s, err := describeSubnet(ctx, cfg, p.Subnet)
			if err != nil {
				return nil, err
			}
			owner := cmp.Or(aws.ToString(s.OwnerId), req.Account)
			return []action.Resource{newResource("AWS::EC2::Subnet", "subnet", p.Subnet, owner, req, s.Tags)}, nil
		},
		Leave: leaveShared,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (addresses, error) {
			s, err := describeSubnet(ctx, cfg, r.Name)
			return addresses{aws.ToBool(s.MapPublicIpOnLaunch)}, err
		},
		Want: func(_ action.Resource, _ subnetParams, now addresses) (addresses, string, error) {
			if !now.Public {
				return now, "It gives no public addresses.", nil
			}
			return addresses{}, "Every instance that is launched in it can be reached from the internet.", nil
		},
		Steps: func(r action.Resource, _, to addresses) ([]setting.Step[addresses], error) {
			return []setting.Step[addresses]{{
				Operation: "ModifySubnetAttribute", Leaves: to,
				Input: map[string]any{"SubnetId": r.Name, "MapPublicIpOnLaunch": map[string]bool{"Value": to.Public}},
			}}, nil
		},
		Operations: map[string]setting.Operation{
			"ModifySubnetAttribute": setting.Op(ec2.NewFromConfig, (*ec2.Client).ModifySubnetAttribute),
		},
	})
}
