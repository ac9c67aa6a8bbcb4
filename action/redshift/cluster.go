// Package redshift has the actions on Amazon Redshift: clusters that the internet reaches, whose use nobody logs, that are not backed
// up, mended or encrypted, and whose traffic leaves the VPC.
package redshift

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshift/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// clusterParams name a cluster.
type clusterParams struct {
	Cluster string `json:"cluster"`
}

const clusterProperty = `"cluster": {"type": "string", "minLength": 1, "description": "identifier or ARN of the cluster"}`

const clusterSchema = `{"type": "object", "additionalProperties": false, "required": ["cluster"], "properties": {` + clusterProperty + `}}`

// findCluster returns the cluster with its tags.
func findCluster(ctx context.Context, cfg aws.Config, req action.Request, p clusterParams) ([]action.Resource, error) {
	if p.Cluster == "" {
		return nil, fault.New(fault.Invalid, "no cluster is named").WithHint(`give {"cluster": "warehouse"}`)
	}
	id := p.Cluster[strings.LastIndex(p.Cluster, ":")+1:]
	c, err := describe(ctx, cfg, id)
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::Redshift::Cluster", ARN: "arn:" + awscall.Partition(req.Region) + ":redshift:" + req.Region + ":" + req.Account + ":cluster:" + id,
		Name: id, Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	for _, t := range c.Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func describe(ctx context.Context, cfg aws.Config, id string) (types.Cluster, error) {
	out, err := redshift.NewFromConfig(cfg).DescribeClusters(ctx, &redshift.DescribeClustersInput{ClusterIdentifier: &id})
	if err == nil && len(out.Clusters) == 0 {
		err = fault.New(fault.NotFound, "AWS shows no cluster %s", id)
	}
	if err != nil {
		return types.Cluster{}, missing(err, "redshift:DescribeClusters", id)
	}
	return out.Clusters[0], nil
}

func missing(err error, permission, id string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the cluster %s", id),
		"there is no cluster "+id, "it was deleted, or it is in another region")
}

// unsettled says that a cluster takes no changes now; "" where it does.
func unsettled(status string) string {
	switch status {
	case "available", "":
		return ""
	case "paused":
		return "The cluster is paused: resume it first."
	}
	return "The cluster is " + status + ": try again when it is available."
}

// settled is an escalation for a cluster that takes no changes now, nil for one that does.
func settled(status string) error {
	if left := unsettled(status); left != "" {
		return setting.Escalation(left)
	}
	return nil
}

// takes is for how long it is waited until a cluster shows a change, in seconds: it is modifying, or restarts, meanwhile.
const takes = 1800

var modifyPermissions = []string{"redshift:DescribeClusters", "redshift:ModifyCluster"}

var modifyOperations = map[string]setting.Operation{"ModifyCluster": setting.Op(redshift.NewFromConfig, (*redshift.Client).ModifyCluster)}

func modify[S any](r action.Resource, member string, value any, to S) ([]setting.Step[S], error) {
	return []setting.Step[S]{{Operation: "ModifyCluster", Input: map[string]any{"ClusterIdentifier": r.Name, member: value}, Leaves: to}}, nil
}

// exposure is whether a cluster has an address in the internet.
type exposure struct {
	Public bool `json:"publicly_accessible"`

	status string
}

// NewMakePrivate returns the action redshift.make-cluster-private.
func NewMakePrivate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[clusterParams, exposure]{
		Spec: action.Spec{
			Name:  "redshift.make-cluster-private",
			Title: "Take a cluster's public address",
			Description: "Has the name of a cluster lead to its private address only. Whoever reaches it from outside of its networks is shut out, and " +
				"connections may break while the address changes. Its security groups stay as they are. The undo gives it another public address.",
			Parameters:  json.RawMessage(clusterSchema),
			Permissions: modifyPermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: findCluster,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (exposure, error) {
			c, err := describe(ctx, cfg, r.Name)
			return exposure{aws.ToBool(c.PubliclyAccessible), aws.ToString(c.ClusterStatus)}, err
		},
		Want: func(_ action.Resource, _ clusterParams, now exposure) (exposure, string, error) {
			if !now.Public {
				return now, "It has no public address.", nil
			}
			return exposure{}, "It has a public address.", settled(now.status)
		},
		Steps: func(r action.Resource, _, to exposure) ([]setting.Step[exposure], error) {
			return modify(r, "PubliclyAccessible", to.Public, to)
		},
		Operations: modifyOperations,
	})
}

// upgrades is whether Redshift mends a cluster by itself.
type upgrades struct {
	Automatic bool `json:"allow_version_upgrade"`

	status string
}

// NewEnableUpgrades returns the action redshift.enable-automatic-upgrades.
func NewEnableUpgrades(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[clusterParams, upgrades]{
		Spec: action.Spec{
			Name:  "redshift.enable-automatic-upgrades",
			Title: "Let a cluster upgrade itself",
			Description: "Has Redshift upgrade a cluster's engine in its maintenance window. Nothing happens now; an upgrade interrupts the cluster for some " +
				"minutes then.",
			Parameters:  json.RawMessage(clusterSchema),
			Permissions: modifyPermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: findCluster,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (upgrades, error) {
			c, err := describe(ctx, cfg, r.Name)
			return upgrades{aws.ToBool(c.AllowVersionUpgrade), aws.ToString(c.ClusterStatus)}, err
		},
		Want: func(_ action.Resource, _ clusterParams, now upgrades) (upgrades, string, error) {
			if now.Automatic {
				return now, "It upgrades itself already.", nil
			}
			return upgrades{Automatic: true}, "It stays at its version, with the faults that are known of it.", settled(now.status)
		},
		Steps: func(r action.Resource, _, to upgrades) ([]setting.Step[upgrades], error) {
			return modify(r, "AllowVersionUpgrade", to.Automatic, to)
		},
		Operations: modifyOperations,
	})
}
