// Package codebuild has the actions on AWS CodeBuild: projects whose builds everybody sees, that leave no logs, or that run with
// more rights on their host than they need.
package codebuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// projectParams name a project.
type projectParams struct {
	Project string `json:"project"`
}

const projectSchema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["project"],
  "properties": {"project": {"type": "string", "minLength": 1, "description": "name or ARN of the project"}}
}`

// findProject returns the project with its tags.
func findProject(ctx context.Context, cfg aws.Config, req action.Request, p projectParams) ([]action.Resource, error) {
	if p.Project == "" {
		return nil, fault.New(fault.Invalid, "no project is named").WithHint(`give {"project": "build-shop"}`)
	}
	prefix := "arn:" + awscall.Partition(req.Region) + ":codebuild:" + req.Region + ":" + req.Account + ":project/"
	project, err := readProject(ctx, cfg, strings.TrimPrefix(p.Project, prefix))
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::CodeBuild::Project", ARN: aws.ToString(project.Arn), Name: aws.ToString(project.Name),
		Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	for _, t := range project.Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func readProject(ctx context.Context, cfg aws.Config, name string) (*types.Project, error) {
	out, err := codebuild.NewFromConfig(cfg).BatchGetProjects(ctx, &codebuild.BatchGetProjectsInput{Names: []string{name}})
	if err == nil && len(out.Projects) == 0 {
		err = fault.New(fault.NotFound, "CodeBuild shows no project %s", name)
	}
	if err != nil {
		return nil, awscall.Missing(awscall.Fault(err, "codebuild:BatchGetProjects", "look at the project %s", name),
			"there is no project "+name, "it was deleted, or it is in another region")
	}
	return &out.Projects[0], nil
}

// visibility is who sees a project's builds, with their logs and artifacts.
type visibility struct {
	Visibility types.ProjectVisibilityType `json:"visibility"`
	Role       string                      `json:"resource_access_role,omitempty"` // by which CodeBuild shows them to everybody
}

// NewMakePrivate returns the action codebuild.make-project-private.
func NewMakePrivate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[projectParams, visibility]{
		Spec: action.Spec{
			Name:  "codebuild.make-project-private",
			Title: "Show a project's builds to nobody outside",
			Description: "Takes the builds of a project, with their logs and artifacts, from the public. Whatever they showed is to be taken as known. " +
				"The undo shows them again, at another address.",
			Parameters:  json.RawMessage(projectSchema),
			Permissions: []string{"codebuild:BatchGetProjects", "codebuild:UpdateProjectVisibility"},
			Effect:      action.StateChecked,
		},
		Find: findProject,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (visibility, error) {
			p, err := readProject(ctx, cfg, r.Name)
			if err != nil {
				return visibility{}, err
			}
			now := visibility{p.ProjectVisibility, aws.ToString(p.ResourceAccessRole)}
			if now.Visibility == "" {
				now.Visibility = types.ProjectVisibilityTypePrivate
			}
			return now, nil
		},
		Want: func(_ action.Resource, _ projectParams, now visibility) (visibility, string, error) {
			if now.Visibility == types.ProjectVisibilityTypePrivate {
				return now, "Its builds are not public.", nil
			}
			now.Visibility = types.ProjectVisibilityTypePrivate
			return now, "Everybody sees its builds, with their logs and artifacts.", nil
		},
		Steps: func(r action.Resource, _, to visibility) ([]setting.Step[visibility], error) {
			input := map[string]any{"ProjectArn": r.ARN, "ProjectVisibility": to.Visibility}
			if to.Visibility == types.ProjectVisibilityTypePublicRead && to.Role != "" {
				input["ResourceAccessRole"] = to.Role
			}
			return []setting.Step[visibility]{{Operation: "UpdateProjectVisibility", Input: input, Leaves: to}}, nil
		},
		Same: func(a, b visibility) bool { // the role of a private project shows nothing, and CodeBuild need not keep it
			return a.Visibility == b.Visibility && (a.Visibility == types.ProjectVisibilityTypePrivate || a.Role == b.Role)
		},
		Operations: map[string]setting.Operation{
			"UpdateProjectVisibility": setting.Op(codebuild.NewFromConfig, (*codebuild.Client).UpdateProjectVisibility),
		},
	})
}

// update is the way to another state by one UpdateProject; what the input doesn't name stays.
func update[S any](r action.Resource, to S, member string, value any) []setting.Step[S] {
	return []setting.Step[S]{{Operation: "UpdateProject", Input: map[string]any{"Name": r.Name, member: value}, Leaves: to}}
}

var (
	updatePermissions = []string{"codebuild:BatchGetProjects", "codebuild:UpdateProject"}
	updateOperations  = map[string]setting.Operation{"UpdateProject": setting.Op(codebuild.NewFromConfig, (*codebuild.Client).UpdateProject)}
)

// logs is where a project's builds write what they do.
type logs struct {
	CloudWatch cloudwatchLogs `json:"cloudwatch_logs"`
	S3         s3Logs         `json:"s3_logs"`
}

type cloudwatchLogs struct {
	Status types.LogsConfigStatusType `json:"status"`
	Group  *string                    `json:"group,omitempty"`
	Stream *string                    `json:"stream,omitempty"`
}

type s3Logs struct {
	Status      types.LogsConfigStatusType `json:"status"`
	Location    *string                    `json:"location,omitempty"`
	Unencrypted *bool                      `json:"encryption_disabled,omitempty"`
	OwnerAccess types.BucketOwnerAccess    `json:"bucket_owner_access,omitempty"`
}

// NewEnableLogs returns the action codebuild.enable-build-logs.
func NewEnableLogs(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[projectParams, logs]{
		Spec: action.Spec{
			Name:  "codebuild.enable-build-logs",
			Title: "Log what builds do",
			Description: "Has the next builds of a project write what they do into CloudWatch Logs, into the group that the project names or CodeBuild's " +
				"own. A project that logs into CloudWatch Logs or S3 stays as it is. The project's role must be allowed to write logs.",
			Parameters:  json.RawMessage(projectSchema),
			Permissions: updatePermissions,
			Effect:      action.StateChecked,
		},
		Find: findProject, Read: readLogs,
		Want: func(_ action.Resource, _ projectParams, now logs) (logs, string, error) {
			if now.CloudWatch.Status == types.LogsConfigStatusTypeEnabled || now.S3.Status == types.LogsConfigStatusTypeEnabled {
				return now, "Its builds leave logs already.", nil
			}
			now.CloudWatch.Status = types.LogsConfigStatusTypeEnabled
			return now, "Nobody can tell what its builds did.", nil
		},
		Steps: func(r action.Resource, _, to logs) ([]setting.Step[logs], error) {
			return update(r, to, "LogsConfig", types.LogsConfig{
				CloudWatchLogs: &types.CloudWatchLogsConfig{Status: to.CloudWatch.Status, GroupName: to.CloudWatch.Group, StreamName: to.CloudWatch.Stream},
				S3Logs: &types.S3LogsConfig{
					Status: to.S3.Status, Location: to.S3.Location, EncryptionDisabled: to.S3.Unencrypted, BucketOwnerAccess: to.S3.OwnerAccess,
				},
			}), nil
		},
		Operations: updateOperations,
	})
}

// readLogs reads the logs; where nothing was said, builds log into CloudWatch Logs
// (https://docs.aws.amazon.com/codebuild/latest/APIReference/API_LogsConfig.html).
func readLogs(ctx context.Context, cfg aws.Config, r action.Resource) (logs, error) {
	p, err := readProject(ctx, cfg, r.Name)
	if err != nil {
		return logs{}, err
	}
	now := logs{cloudwatchLogs{Status: types.LogsConfigStatusTypeEnabled}, s3Logs{Status: types.LogsConfigStatusTypeDisabled}}
	if p.LogsConfig == nil {
		return now, nil
	}
	if c := p.LogsConfig.CloudWatchLogs; c != nil {
		now.CloudWatch = cloudwatchLogs{c.Status, c.GroupName, c.StreamName}
	}
	if s := p.LogsConfig.S3Logs; s != nil {
		now.S3 = s3Logs{s.Status, s.Location, s.EncryptionDisabled, s.BucketOwnerAccess}
	}
	return now, nil
}

// privileges is whether builds run with all rights on their host. An update takes the environment whole.
type privileges struct {
	Privileged bool   `json:"privileged_mode"`
	Others     string `json:"environment_digest"` // of the rest of the environment: a change of it is seen, and its variables are not shown

	environment types.ProjectEnvironment
}

// NewDropPrivileges returns the action codebuild.drop-privileges.
func NewDropPrivileges(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[projectParams, privileges]{
		Spec: action.Spec{
			Name:  "codebuild.drop-privileges",
			Title: "Run builds without rights on their host",
			Description: "Takes the privileged mode from the next builds of a project. Builds that make container images with Docker need it and fail " +
				"without. The call carries the whole environment, with its variables: keep secrets in Secrets Manager.",
			Parameters:  json.RawMessage(projectSchema),
			Permissions: updatePermissions,
			Effect:      action.StateChecked,
		},
		Find: findProject, Read: readPrivileges,
		Want: func(_ action.Resource, _ projectParams, now privileges) (privileges, string, error) {
			if !now.Privileged {
				return now, "Its builds have no rights on their host.", nil
			}
			now.Privileged = false
			return now, "Its builds have all rights on their host.", nil
		},
		Steps: func(r action.Resource, from, to privileges) ([]setting.Step[privileges], error) {
			environment := from.environment
			environment.PrivilegedMode = &to.Privileged
			return update(r, to, "Environment", environment), nil
		},
		Operations: updateOperations,
	})
}

func readPrivileges(ctx context.Context, cfg aws.Config, r action.Resource) (privileges, error) {
	p, err := readProject(ctx, cfg, r.Name)
	if err != nil {
		return privileges{}, err
	}
	var now privileges
	if p.Environment != nil {
		now.environment = *p.Environment
	}
	now.Privileged = aws.ToBool(now.environment.PrivilegedMode)
	rest := now.environment
	rest.PrivilegedMode = nil
	raw, err := json.Marshal(rest)
	if err != nil {
		return now, fault.New(fault.Internal, "encode the environment of %s: %w", r.Name, err)
	}
	sum := sha256.Sum256(raw)
	now.Others = hex.EncodeToString(sum[:8])
	return now, nil
}
