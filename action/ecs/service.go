package ecs

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// serviceParams name a service.
type serviceParams struct {
	Cluster string `json:"cluster"`
	Service string `json:"service"`
}

// network is where the tasks of a service have their interfaces, and whether those have addresses in the internet.
type network struct {
	AssignPublicIP types.AssignPublicIp `json:"assign_public_ip,omitempty"` // "" where tasks have no interfaces of their own
	Subnets        []string             `json:"subnets"`                    // sorted, as the security groups
	SecurityGroups []string             `json:"security_groups"`

	controller types.DeploymentControllerType
	status     string
	stays      int32 // tasks that run on while others replace them
	desired    int32
}

// NewNoPublicAddress returns the action ecs.no-public-address.
func NewNoPublicAddress(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[serviceParams, network]{
		Spec: action.Spec{
			Name:  "ecs.no-public-address",
			Title: "Give the tasks of a service no public addresses",
			Description: "Has a service start its tasks without public addresses. ECS replaces those that run, new ones first. Without a public address " +
				"they need a NAT gateway or VPC endpoints to fetch images and secrets: where the new tasks can't start, the old ones run on with their " +
				"addresses, and the service's events say why. Services whose deployment may stop all tasks before new ones run, and those that " +
				"CodeDeploy or another controller deploys, are left to people. Tasks that were started without a service stay as they are.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster", "service"], "properties": {
  ` + clusterProperty + `,
  "service": {"type": "string", "minLength": 1, "description": "name or ARN of the service"}}}`),
			Permissions: []string{"ecs:DescribeServices", "ecs:UpdateService"},
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p serviceParams) ([]action.Resource, error) {
			if p.Cluster == "" || p.Service == "" {
				return nil, fault.New(fault.Invalid, "no service is named").WithHint(`give {"cluster": "shop", "service": "checkout"}`)
			}
			name := lastPart(p.Cluster) + "/" + lastPart(p.Service)
			s, err := describeService(ctx, cfg, name)
			if err != nil {
				return nil, err
			}
			return []action.Resource{resource("AWS::ECS::Service", s.ServiceArn, name, req, s.Tags)}, nil
		},
		Read: readNetwork,
		Want: func(_ action.Resource, _ serviceParams, now network) (network, string, error) {
			switch {
			case now.AssignPublicIP == "":
				return now, "Its tasks have no interfaces of their own.", nil
			case now.AssignPublicIP != types.AssignPublicIpEnabled:
				return now, "Its tasks have no public addresses.", nil
			case now.status != "ACTIVE":
				return now, "", setting.Escalation("The service is " + now.status + ": see whether somebody deletes it.")
			case now.controller != types.DeploymentControllerTypeEcs:
				return now, "", setting.Escalation("Its deployments are made by " + string(now.controller) + ": make one there with assignPublicIp DISABLED.")
			case now.desired > 0 && now.stays == 0:
				return now, "", setting.Escalation("Its deployment may stop all of its tasks before new ones run: raise minimumHealthyPercent first, or change it when it may rest.")
			}
			want := now
			want.AssignPublicIP = types.AssignPublicIpDisabled
			return want, "Its tasks have addresses in the internet.", nil
		},
		Steps: func(r action.Resource, _, to network) ([]setting.Step[network], error) {
			cluster, _, _ := strings.Cut(r.Name, "/")
			input := map[string]any{"Cluster": cluster, "Service": r.ARN, "NetworkConfiguration": map[string]any{"AwsvpcConfiguration": map[string]any{
				"Subnets": to.Subnets, "SecurityGroups": to.SecurityGroups, "AssignPublicIp": to.AssignPublicIP,
			}}}
			return []setting.Step[network]{{Operation: "UpdateService", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"UpdateService": setting.Op(ecs.NewFromConfig, (*ecs.Client).UpdateService)},
	})
}

// describeService looks at a service by cluster/name.
func describeService(ctx context.Context, cfg aws.Config, name string) (types.Service, error) {
	cluster, service, _ := strings.Cut(name, "/")
	out, err := ecs.NewFromConfig(cfg).DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &cluster, Services: []string{service}, Include: []types.ServiceField{types.ServiceFieldTags},
	})
	if err != nil || len(out.Services) == 0 {
		return types.Service{}, gone(err, "ecs:DescribeServices", "service", name)
	}
	return out.Services[0], nil
}

func readNetwork(ctx context.Context, cfg aws.Config, r action.Resource) (network, error) {
	s, err := describeService(ctx, cfg, r.Name)
	if err != nil {
		return network{}, err
	}
	now := network{status: aws.ToString(s.Status), desired: s.DesiredCount, stays: s.DesiredCount, controller: types.DeploymentControllerTypeEcs}
	if d := s.DeploymentConfiguration; d != nil && d.MinimumHealthyPercent != nil {
		now.stays = (s.DesiredCount**d.MinimumHealthyPercent + 99) / 100 // rounded up, as ECS does
	}
	if s.DeploymentController != nil {
		now.controller = s.DeploymentController.Type
	}
	if s.NetworkConfiguration != nil && s.NetworkConfiguration.AwsvpcConfiguration != nil {
		v := s.NetworkConfiguration.AwsvpcConfiguration
		now.AssignPublicIP = types.AssignPublicIpDisabled
		if v.AssignPublicIp != "" {
			now.AssignPublicIP = v.AssignPublicIp
		}
		now.Subnets, now.SecurityGroups = slices.Sorted(slices.Values(v.Subnets)), slices.Sorted(slices.Values(v.SecurityGroups))
	}
	return now, nil
}
