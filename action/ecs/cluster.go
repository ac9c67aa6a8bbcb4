// Package ecs has the actions on Amazon ECS: clusters that nobody measures, services whose tasks the internet reaches, and tasks
// that must end.
package ecs

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// lastPart is the name at the end of an ARN, or the name itself.
func lastPart(nameOrARN string) string { return nameOrARN[strings.LastIndex(nameOrARN, "/")+1:] }

func resource(kind string, arn *string, name string, req action.Request, tags []types.Tag) action.Resource {
	r := action.Resource{Type: kind, ARN: aws.ToString(arn), Name: name, Account: req.Account, Region: req.Region, Tags: map[string]string{}}
	for _, t := range tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return r
}

// gone is the error for what ECS doesn't show.
func gone(err error, permission, kind, name string) error {
	if err == nil {
		err = fault.New(fault.NotFound, "AWS shows no %s %s", kind, name)
	}
	return awscall.Missing(awscall.Fault(err, permission, "look at the %s %s", kind, name),
		"there is no "+kind+" "+name, "it was deleted, or it is in another region or cluster")
}

// clusterParams name a cluster.
type clusterParams struct {
	Cluster string `json:"cluster"`
}

const clusterProperty = `"cluster": {"type": "string", "minLength": 1, "description": "name or ARN of the cluster"}`

func describeCluster(ctx context.Context, cfg aws.Config, name string) (types.Cluster, error) {
	out, err := ecs.NewFromConfig(cfg).DescribeClusters(ctx, &ecs.DescribeClustersInput{
		Clusters: []string{name}, Include: []types.ClusterField{types.ClusterFieldSettings, types.ClusterFieldTags},
	})
	if err != nil || len(out.Clusters) == 0 {
		return types.Cluster{}, gone(err, "ecs:DescribeClusters", "cluster", name)
	}
	return out.Clusters[0], nil
}

// insights is how Container Insights measures a cluster.
type insights struct {
	ContainerInsights string `json:"container_insights"` // disabled, enabled, enhanced

	status string
}

// NewEnableContainerInsights returns the action ecs.enable-container-insights.
func NewEnableContainerInsights(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[clusterParams, insights]{
		Spec: action.Spec{
			Name:  "ecs.enable-container-insights",
			Title: "Measure the containers of a cluster",
			Description: "Switches Container Insights on for a cluster: processor, memory, network and restarts of its tasks are kept in CloudWatch. " +
				"Nothing restarts. CloudWatch bills the metrics and logs.",
			Parameters:  json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster"], "properties": {` + clusterProperty + `}}`),
			Permissions: []string{"ecs:DescribeClusters", "ecs:UpdateClusterSettings"},
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p clusterParams) ([]action.Resource, error) {
			if p.Cluster == "" {
				return nil, fault.New(fault.Invalid, "no cluster is named").WithHint(`give {"cluster": "shop"}`)
			}
			c, err := describeCluster(ctx, cfg, p.Cluster)
			if err != nil {
				return nil, err
			}
			return []action.Resource{resource("AWS::ECS::Cluster", c.ClusterArn, aws.ToString(c.ClusterName), req, c.Tags)}, nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (insights, error) {
			c, err := describeCluster(ctx, cfg, r.ARN)
			now := insights{ContainerInsights: "disabled", status: aws.ToString(c.Status)}
			for _, s := range c.Settings {
				if s.Name == types.ClusterSettingNameContainerInsights {
					now.ContainerInsights = aws.ToString(s.Value)
				}
			}
			return now, err
		},
		Want: func(_ action.Resource, _ clusterParams, now insights) (insights, string, error) {
			switch {
			case now.ContainerInsights != "disabled":
				return now, "Container Insights is " + now.ContainerInsights + " already.", nil
			case now.status != "ACTIVE":
				return now, "", setting.Escalation("The cluster is " + now.status + ": see whether somebody deletes it.")
			}
			return insights{ContainerInsights: "enabled"}, "Nothing about its containers is measured.", nil
		},
		Steps: func(r action.Resource, _, to insights) ([]setting.Step[insights], error) {
			input := map[string]any{"Cluster": r.ARN, "Settings": []any{map[string]string{"Name": "containerInsights", "Value": to.ContainerInsights}}}
			return []setting.Step[insights]{{Operation: "UpdateClusterSettings", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"UpdateClusterSettings": setting.Op(ecs.NewFromConfig, (*ecs.Client).UpdateClusterSettings)},
	})
}
