package codebuild_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/codebuild"
	"riposte.dev/fault"
)

const (
	projectARN = "arn:aws:codebuild:eu-west-1:111122223333:project/build-shop"
	role       = "arn:aws:iam::111122223333:role/shows"
)

// cloud is a sandbox with a project that is public, leaves no logs, and runs with all rights on its host.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateProject(t.Context(), &sdk.CreateProjectInput{
		Name: aws.String("build-shop"), ServiceRole: aws.String("arn:aws:iam::111122223333:role/builds"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
		Source: &types.ProjectSource{Type: types.SourceTypeNoSource, Buildspec: aws.String("version: 0.2")}, Artifacts: &types.ProjectArtifacts{Type: types.ArtifactsTypeNoArtifacts},
		Environment: &types.ProjectEnvironment{
			Type: types.EnvironmentTypeLinuxContainer, Image: aws.String("aws/codebuild/standard:7.0"), ComputeType: types.ComputeTypeBuildGeneral1Small,
			PrivilegedMode: aws.Bool(true), EnvironmentVariables: []types.EnvironmentVariable{{Name: aws.String("STAGE"), Value: aws.String("prod"), Type: "PLAINTEXT"}},
		},
		LogsConfig: &types.LogsConfig{
			CloudWatchLogs: &types.CloudWatchLogsConfig{Status: types.LogsConfigStatusTypeDisabled, GroupName: aws.String("builds")},
			S3Logs:         &types.S3LogsConfig{Status: types.LogsConfigStatusTypeDisabled, Location: aws.String("logs/builds"), EncryptionDisabled: aws.Bool(true)},
		},
	})
	c.Must(err)
	c.show(types.ProjectVisibilityTypePublicRead)
	return c
}

func (c cloud) show(v types.ProjectVisibilityType) {
	c.T.Helper()
	_, err := c.client.UpdateProjectVisibility(c.T.Context(), &sdk.UpdateProjectVisibilityInput{
		ProjectArn: aws.String(projectARN), ProjectVisibility: v, ResourceAccessRole: aws.String(role),
	})
	c.Must(err)
}

func (c cloud) update(in sdk.UpdateProjectInput) {
	c.T.Helper()
	in.Name = aws.String("build-shop")
	_, err := c.client.UpdateProject(c.T.Context(), &in)
	c.Must(err)
}

func (c cloud) project() types.Project {
	c.T.Helper()
	out, err := c.client.BatchGetProjects(c.T.Context(), &sdk.BatchGetProjectsInput{Names: []string{"build-shop"}})
	c.Must(err)
	return out.Projects[0]
}

// environment changes the project's environment.
func (c cloud) environment(change func(*types.ProjectEnvironment)) {
	e := c.project().Environment
	change(e)
	c.update(sdk.UpdateProjectInput{Environment: e})
}

// state is the whole project, apart from when it was changed and at which address it is shown.
func (c cloud) state() string {
	c.T.Helper()
	p := c.project()
	p.LastModified, p.PublicProjectAlias = nil, nil
	raw, err := json.Marshal(p)
	c.Must(err)
	return string(raw)
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, project string
		newAction     actiontest.NewAction
		interfere     func(cloud)
	}{
		{"make private", "build-shop", codebuild.NewMakePrivate, nil},
		{"log", projectARN, codebuild.NewEnableLogs, func(c cloud) {
			c.update(sdk.UpdateProjectInput{LogsConfig: &types.LogsConfig{CloudWatchLogs: &types.CloudWatchLogsConfig{Status: types.LogsConfigStatusTypeEnabled, GroupName: aws.String("other")}}})
		}},
		{"drop privileges", "build-shop", codebuild.NewDropPrivileges, func(c cloud) {
			c.environment(func(e *types.ProjectEnvironment) { e.Image = aws.String("aws/codebuild/standard:8.0") })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, `{"project":"`+tt.project+`"}`, `{"project":"none"}`, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	disabled := &types.CloudWatchLogsConfig{Status: types.LogsConfigStatusTypeDisabled}
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		spoil     func(cloud)
		says      string
	}{
		{"private", codebuild.NewMakePrivate, func(c cloud) { c.show(types.ProjectVisibilityTypePrivate) }, "not public"},
		{"logs in S3", codebuild.NewEnableLogs, func(c cloud) {
			c.update(sdk.UpdateProjectInput{LogsConfig: &types.LogsConfig{
				CloudWatchLogs: disabled, S3Logs: &types.S3LogsConfig{Status: types.LogsConfigStatusTypeEnabled, Location: aws.String("logs/builds")},
			}})
		}, "logs already"},
		{"logs by default", codebuild.NewEnableLogs, func(c cloud) { c.update(sdk.UpdateProjectInput{LogsConfig: &types.LogsConfig{}}) }, "logs already"},
		{"no privileges", codebuild.NewDropPrivileges, func(c cloud) {
			c.environment(func(e *types.ProjectEnvironment) { e.PrivilegedMode = nil })
		}, "no rights"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Plan(tt.newAction, `{"project":"build-shop"}`)
			actiontest.Want(t, item, action.Unneeded, tt.says)
			if item.Resource.Tags["team"] != "web" || item.Resource.ARN != projectARN {
				t.Errorf("%+v, want its ARN and tags", item.Resource)
			}
		})
	}
}

// CodeBuild need not keep the role of a project that is private.
func TestTheRoleOfAProjectThatIsPrivate(t *testing.T) {
	c := newCloud(t)
	a := c.Action(codebuild.NewMakePrivate)
	item := c.Item(a, actiontest.Request(`{"project":"build-shop"}`))
	c.Do(a, item)
	item.After = json.RawMessage(`{"visibility":"PRIVATE"}`)
	if err := a.Verify(t.Context(), item); err != nil {
		t.Errorf("%v, want it to be as planned without a role", err)
	}
	if undo := c.Undo(a, item); undo.Status != action.Change || !strings.Contains(string(undo.Calls[0].Input), role) {
		t.Errorf("the undo is %+v, want the role that showed it", undo)
	}
}

// What somebody changes in the environment between plan and call is not overwritten.
func TestAnEnvironmentThatChanges(t *testing.T) {
	c := newCloud(t)
	a := c.Action(codebuild.NewDropPrivileges)
	item := c.Item(a, actiontest.Request(`{"project":"build-shop"}`))
	c.environment(func(e *types.ProjectEnvironment) { e.Image = aws.String("other") })
	before := c.state()
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Conflict || c.state() != before {
		t.Errorf("%v, want a conflict", err)
	}
}
