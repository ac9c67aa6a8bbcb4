package rds

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// upgrades is whether RDS mends an instance by itself.
type upgrades struct {
	Automatic bool `json:"auto_minor_version_upgrade"`
}

// NewEnableMinorUpgrades returns the action rds.enable-minor-upgrades.
func NewEnableMinorUpgrades(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, upgrades]{
		Spec: action.Spec{
			Name:  "rds.enable-minor-upgrades",
			Title: "Let a database upgrade itself to minor versions",
			Description: "Has RDS upgrade a database instance to new minor versions, which mend its engine, in its maintenance window. Nothing happens now; " +
				"each upgrade interrupts the database for some minutes then.",
			Parameters:  json.RawMessage(instanceSchema),
			Permissions: instancePermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: findInstance,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (upgrades, error) {
			i, err := describeInstance(ctx, cfg, r.Name)
			return upgrades{aws.ToBool(i.AutoMinorVersionUpgrade)}, err
		},
		Want: func(_ action.Resource, _ instanceParams, now upgrades) (upgrades, string, error) {
			if now.Automatic {
				return now, "It upgrades itself already.", nil
			}
			return upgrades{true}, "It stays at its minor version, with the faults that are known of it.", nil
		},
		Steps: func(r action.Resource, _, to upgrades) ([]setting.Step[upgrades], error) {
			return modify(r, "AutoMinorVersionUpgrade", to.Automatic, to), nil
		},
		Operations: instanceOperations,
	})
}

// waiting reports whether changes of an instance wait for its maintenance window: a call that changes something at once would
// carry all of them out.
func waiting(i types.DBInstance) bool {
	return i.PendingModifiedValues != nil && !reflect.ValueOf(*i.PendingModifiedValues).IsZero()
}

const waitingReason = "Other changes of it wait for its maintenance window and would come with this one: see which, and apply or take them back first."

// authentication is whether identities of IAM may sign in.
type authentication struct {
	IAM bool `json:"iam_database_authentication"`

	engine, cluster string
	waiting         bool
}

// NewEnableIAMAuthentication returns the action rds.enable-iam-authentication.
func NewEnableIAMAuthentication(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[instanceParams, authentication]{
		Spec: action.Spec{
			Name:  "rds.enable-iam-authentication",
			Title: "Let identities of IAM sign in to a database",
			Description: "Has a MySQL, MariaDB or PostgreSQL instance take tokens of IAM beside passwords, without an interruption. Database users sign in as " +
				"before until somebody maps them to IAM. Instances of a cluster, and those with changes that wait for the maintenance window, are left to " +
				"people.",
			Parameters:  json.RawMessage(instanceSchema),
			Permissions: instancePermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: findInstance,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (authentication, error) {
			i, err := describeInstance(ctx, cfg, r.Name)
			return authentication{aws.ToBool(i.IAMDatabaseAuthenticationEnabled), aws.ToString(i.Engine), aws.ToString(i.DBClusterIdentifier), waiting(i)}, err
		},
		Want: func(_ action.Resource, _ instanceParams, now authentication) (authentication, string, error) {
			switch {
			case now.IAM:
				return now, "It takes tokens of IAM already.", nil
			case now.cluster != "":
				return now, "", setting.Escalation("It belongs to the cluster " + now.cluster + ": enable IAM authentication there.")
			case !slices.Contains([]string{"mysql", "mariadb", "postgres"}, now.engine):
				return now, "", setting.Escalation("Its engine " + now.engine + " knows no IAM authentication.")
			case now.waiting:
				return now, "", setting.Escalation(waitingReason)
			}
			return authentication{IAM: true}, "It knows passwords only.", nil
		},
		Steps: func(r action.Resource, _, to authentication) ([]setting.Step[authentication], error) {
			steps := modify(r, "EnableIAMDatabaseAuthentication", to.IAM, to)
			steps[0].Input.(map[string]any)["ApplyImmediately"] = true
			return steps, nil
		},
		Operations: instanceOperations,
	})
}

type backupParams struct {
	Instance  string `json:"instance"`
	Days      int    `json:"days,omitempty"`
	Interrupt bool   `json:"interrupt,omitempty"`
}

// backups is how long the backups that RDS makes every day are kept.
type backups struct {
	Days int32 `json:"backup_retention_days"` // 0: none are made

	cluster string
	waiting bool
}

// leastDays is what the AWS Foundational Security Best Practices standard asks for (RDS.11).
const leastDays = 7

// NewKeepBackups returns the action rds.keep-backups.
func NewKeepBackups(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[backupParams, backups]{
		Spec: action.Spec{
			Name:  "rds.keep-backups",
			Title: "Keep the backups of a database",
			Description: "Has RDS keep the daily backups of a database instance for a week or longer. Where it makes none yet, beginning to do so interrupts the " +
				"database for a moment: that is done only with `interrupt`, and left to people without. The undo goes back to the time before, and deletes " +
				"the backups that are older than that; where there were none before it deletes all of them and interrupts the database again. The " +
				"instances of a cluster are left to people: the cluster has the backups.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["instance"], "properties": {
  "instance": {"type": "string", "minLength": 1, "description": "identifier or ARN of the database instance"},
  "days": {"type": "integer", "minimum": 1, "maximum": 35, "description": "how long they are kept at least; 7 without this"},
  "interrupt": {"type": "boolean", "description": "whether the database may be interrupted for a moment"}}}`),
			Permissions: instancePermissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p backupParams) ([]action.Resource, error) {
			if p.Days < 0 || p.Days > 35 {
				return nil, badDays(p.Days)
			}
			return findInstance(ctx, cfg, req, instanceParams{p.Instance})
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (backups, error) {
			i, err := describeInstance(ctx, cfg, r.Name)
			return backups{aws.ToInt32(i.BackupRetentionPeriod), aws.ToString(i.DBClusterIdentifier), waiting(i)}, err
		},
		Want: wantBackups,
		Steps: func(r action.Resource, from, to backups) ([]setting.Step[backups], error) {
			steps := modify(r, "BackupRetentionPeriod", to.Days, to)
			if from.Days == 0 || to.Days == 0 {
				steps[0].Input.(map[string]any)["ApplyImmediately"] = true // else it waits for the maintenance window
			}
			return steps, nil
		},
		Operations: instanceOperations,
	})
}

func wantBackups(_ action.Resource, p backupParams, now backups) (backups, string, error) {
	days := int32(leastDays)
	if p.Days > 0 {
		days = int32(p.Days) //nolint:gosec // at most 35
	}
	switch {
	case now.Days >= days:
		return now, fmt.Sprintf("Its backups are kept for %d days already.", now.Days), nil
	case now.cluster != "":
		return now, "", setting.Escalation("It belongs to the cluster " + now.cluster + ": set the backups there.")
	case now.Days > 0:
		return backups{Days: days}, fmt.Sprintf("Its backups are kept for %d days only.", now.Days), nil
	case !p.Interrupt:
		return now, "", setting.Escalation("It has no backups, and to begin with them interrupts it for a moment: plan it again with interrupt when it may be.")
	case now.waiting:
		return now, "", setting.Escalation(waitingReason)
	}
	return backups{Days: days}, "It has no backups. The change interrupts it for a moment.", nil
}
