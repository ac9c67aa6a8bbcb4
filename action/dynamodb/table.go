// Package dynamodb has the actions on Amazon DynamoDB: tables that anybody may delete, whose past is lost, or
// whose key nobody sees.
package dynamodb

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// tableParams name a table.
type tableParams struct {
	Table string `json:"table"`
}

const tableSchema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["table"],
  "properties": {"table": {"type": "string", "minLength": 1, "description": "name or ARN of the table"}}
}`

// findTable returns the table with its tags.
func findTable(ctx context.Context, cfg aws.Config, req action.Request, p tableParams) ([]action.Resource, error) {
	if p.Table == "" {
		return nil, fault.New(fault.Invalid, "no table is named").WithHint(`give {"table": "orders"}`)
	}
	name := p.Table[strings.LastIndex(p.Table, "/")+1:]
	t, err := describe(ctx, cfg, name)
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::DynamoDB::Table", ARN: aws.ToString(t.TableArn), Name: name, Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	input := &dynamodb.ListTagsOfResourceInput{ResourceArn: t.TableArn}
	for {
		page, err := dynamodb.NewFromConfig(cfg).ListTagsOfResource(ctx, input)
		if err != nil {
			return nil, awscall.Fault(err, "dynamodb:ListTagsOfResource", "read the tags of the table %s", name)
		}
		for _, tag := range page.Tags {
			r.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if aws.ToString(page.NextToken) == "" {
			return []action.Resource{r}, nil
		}
		input.NextToken = page.NextToken
	}
}

func describe(ctx context.Context, cfg aws.Config, name string) (*types.TableDescription, error) {
	out, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return nil, missing(err, "dynamodb:DescribeTable", name)
	}
	return out.Table, nil
}

func missing(err error, permission, name string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the table %s", name),
		"there is no table "+name, "it was deleted, or it is in another region")
}

// unsettled says why a table can't be changed now; "" where it can.
func unsettled(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
	t, err := describe(ctx, cfg, r.Name)
	if err != nil || t.TableStatus == types.TableStatusActive {
		return "", err
	}
	return "The table is " + string(t.TableStatus) + ": try again when it is ACTIVE.", nil
}

var findPermissions = []string{"dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"}

// protection is whether a table can be deleted.
type protection struct {
	Protected bool `json:"deletion_protection"`
}

// NewEnableDeletionProtection returns the action dynamodb.enable-deletion-protection.
func NewEnableDeletionProtection(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[tableParams, protection]{
		Spec: action.Spec{
			Name:        "dynamodb.enable-deletion-protection",
			Title:       "Protect a table from deletion",
			Description: "Has DynamoDB refuse the deletion of a table until somebody takes the protection away. The table goes on.",
			Parameters:  json.RawMessage(tableSchema),
			Permissions: append([]string{"dynamodb:UpdateTable"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: findTable, Leave: unsettled,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (protection, error) {
			t, err := describe(ctx, cfg, r.Name)
			if err != nil {
				return protection{}, err
			}
			return protection{aws.ToBool(t.DeletionProtectionEnabled)}, nil
		},
		Want: func(_ action.Resource, _ tableParams, now protection) (protection, string, error) {
			if now.Protected {
				return now, "It is protected already.", nil
			}
			return protection{true}, "Whoever may delete tables can delete it by one call.", nil
		},
		Steps: func(r action.Resource, _, to protection) ([]setting.Step[protection], error) {
			input := map[string]any{"TableName": r.Name, "DeletionProtectionEnabled": to.Protected}
			return []setting.Step[protection]{{Operation: "UpdateTable", Input: input, Leaves: to}}, nil
		},
		Operations: operations,
	})
}

// recovery is whether a table can be brought back as it was at any second of the last days.
type recovery struct {
	PointInTime bool `json:"point_in_time_recovery"`
}

// NewEnableRecovery returns the action dynamodb.enable-point-in-time-recovery.
func NewEnableRecovery(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[tableParams, recovery]{
		Spec: action.Spec{
			Name:  "dynamodb.enable-point-in-time-recovery",
			Title: "Keep the past of a table",
			Description: "Has DynamoDB keep a table's past, so that it can be restored as it was at any second of the last 35 days, from now on. The table " +
				"goes on; the backups are billed by its size. The undo ends that and deletes what was kept.",
			Parameters:  json.RawMessage(tableSchema),
			Permissions: append([]string{"dynamodb:DescribeContinuousBackups", "dynamodb:UpdateContinuousBackups"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: findTable, Leave: unsettled,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (recovery, error) {
			out, err := dynamodb.NewFromConfig(cfg).DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &r.Name})
			if err != nil {
				return recovery{}, missing(err, "dynamodb:DescribeContinuousBackups", r.Name)
			}
			d := out.ContinuousBackupsDescription
			return recovery{d != nil && d.PointInTimeRecoveryDescription != nil &&
				d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled}, nil
		},
		Want: func(_ action.Resource, _ tableParams, now recovery) (recovery, string, error) {
			if now.PointInTime {
				return now, "Its past is kept already.", nil
			}
			return recovery{true}, "What is overwritten or deleted in it is lost.", nil
		},
		Steps: func(r action.Resource, _, to recovery) ([]setting.Step[recovery], error) {
			input := map[string]any{"TableName": r.Name, "PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": to.PointInTime}}
			return []setting.Step[recovery]{{Operation: "UpdateContinuousBackups", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"UpdateContinuousBackups": setting.Op(dynamodb.NewFromConfig, (*dynamodb.Client).UpdateContinuousBackups),
		},
	})
}
