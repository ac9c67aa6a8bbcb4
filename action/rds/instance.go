// Package rds has the actions on Amazon RDS: databases that the internet reaches, that anybody may delete, that nobody backs up,
// mends or encrypts, and snapshots that are shared.
package rds

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// instanceParams name a database instance.
type instanceParams struct {
	Instance string `json:"instance"`
}

const instanceSchema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["instance"],
  "properties": {"instance": {"type": "string", "minLength": 1, "description": "identifier or ARN of the database instance"}}
}`

// findInstance returns the instance with its tags.
func findInstance(ctx context.Context, cfg aws.Config, req action.Request, p instanceParams) ([]action.Resource, error) {
	if p.Instance == "" {
		return nil, fault.New(fault.Invalid, "no database instance is named").WithHint(`give {"instance": "orders-db"}`)
	}
	i, err := describeInstance(ctx, cfg, p.Instance)
	if err != nil {
		return nil, err
	}
	return []action.Resource{resource("AWS::RDS::DBInstance", i.DBInstanceArn, i.DBInstanceIdentifier, req, i.TagList)}, nil
}

func resource(kind string, arn, name *string, req action.Request, tags []types.Tag) action.Resource {
	r := action.Resource{
		Type: kind, ARN: aws.ToString(arn), Name: aws.ToString(name), Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	for _, t := range tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return r
}

func describeInstance(ctx context.Context, cfg aws.Config, id string) (types.DBInstance, error) {
	out, err := rds.NewFromConfig(cfg).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id})
	if err == nil && len(out.DBInstances) == 0 {
		err = fault.New(fault.NotFound, "AWS shows no database instance %s", id)
	}
	if err != nil {
		return types.DBInstance{}, awscall.Missing(awscall.Fault(err, "rds:DescribeDBInstances", "look at the database instance %s", id),
			"there is no database instance "+id, "it was deleted, or it is in another region")
	}
	return out.DBInstances[0], nil
}

// takes is for how long it is waited until an instance shows a change, in seconds: it is modifying meanwhile, and a first backup is made.
const takes = 1800

var instancePermissions = []string{"rds:DescribeDBInstances", "rds:ModifyDBInstance"}

var instanceOperations = map[string]setting.Operation{"ModifyDBInstance": setting.Op(rds.NewFromConfig, (*rds.Client).ModifyDBInstance)}

// modify is the call that sets one member of those that RDS changes at once and without an interruption, whatever else waits for
// the maintenance window.
func modify[S any](r action.Resource, member string, value any, to S) []setting.Step[S] {
	return []setting.Step[S]{{Operation: "ModifyDBInstance", Input: map[string]any{"DBInstanceIdentifier": r.Name, member: value}, Leaves: to}}
}

// exposure is whether an instance has an address in the internet.
type exposure struct {
	Public bool `json:"publicly_accessible"`
}

// NewMakeInstancePrivate returns the action rds.make-instance-private.
func NewMakeInstancePrivate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, exposure]{
		Spec: action.Spec{
			Name:  "rds.make-instance-private",
			Title: "Take a database's public address",
			Description: "Has the name of a database instance lead to its private address only. It goes on; whoever reaches it from outside of its " +
				"networks is shut out. Its security groups stay as they are.",
			Parameters:  json.RawMessage(instanceSchema),
			Permissions: instancePermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: findInstance,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (exposure, error) {
			i, err := describeInstance(ctx, cfg, r.Name)
			return exposure{aws.ToBool(i.PubliclyAccessible)}, err
		},
		Want: func(_ action.Resource, _ instanceParams, now exposure) (exposure, string, error) {
			if !now.Public {
				return now, "It has no public address.", nil
			}
			return exposure{}, "It has a public address.", nil
		},
		Steps: func(r action.Resource, _, to exposure) ([]setting.Step[exposure], error) {
			return modify(r, "PubliclyAccessible", to.Public, to), nil
		},
		Operations: instanceOperations,
	})
}

// protection is whether an instance can be deleted.
type protection struct {
	Protected bool `json:"deletion_protection"`

	cluster string // that has the protection instead
}

// NewEnableDeletionProtection returns the action rds.enable-deletion-protection.
func NewEnableDeletionProtection(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, protection]{
		Spec: action.Spec{
			Name:  "rds.enable-deletion-protection",
			Title: "Protect a database from deletion",
			Description: "Has RDS refuse the deletion of a database instance until somebody takes the protection away. The instances of a cluster " +
				"are left to people: the cluster has the protection.",
			Parameters:  json.RawMessage(instanceSchema),
			Permissions: instancePermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: findInstance,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (protection, error) {
			i, err := describeInstance(ctx, cfg, r.Name)
			return protection{aws.ToBool(i.DeletionProtection), aws.ToString(i.DBClusterIdentifier)}, err
		},
		Want: func(_ action.Resource, _ instanceParams, now protection) (protection, string, error) {
			switch {
			case now.Protected:
				return now, "It is protected already.", nil
			case now.cluster != "":
				return now, "", setting.Escalation("It belongs to the cluster " + now.cluster + ": protect that.")
			}
			return protection{Protected: true}, "Whoever may delete databases can delete it by one call.", nil
		},
		Steps: func(r action.Resource, _, to protection) ([]setting.Step[protection], error) {
			return modify(r, "DeletionProtection", to.Protected, to), nil
		},
		Operations: instanceOperations,
	})
}

// plainName is what an ARN or a name names.
func plainName(id, kind string) string {
	if i := strings.Index(id, ":"+kind+":"); strings.HasPrefix(id, "arn:") && i > 0 {
		return id[i+len(kind)+2:]
	}
	return id
}
