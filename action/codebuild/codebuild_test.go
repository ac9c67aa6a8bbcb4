package codebuild_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/codebuild"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const (
	projectARN = "arn:aws:codebuild:eu-west-1:111122223333:project/build-shop"
	role       = "arn:aws:iam::111122223333:role/shows"
)

// cloud is a sandbox with a project that is public, leaves no logs, and runs with all rights on its host.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
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
	c.must(err)
	c.show(types.ProjectVisibilityTypePublicRead)
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) show(v types.ProjectVisibilityType) {
	c.t.Helper()
	_, err := c.client.UpdateProjectVisibility(c.t.Context(), &sdk.UpdateProjectVisibilityInput{
		ProjectArn: aws.String(projectARN), ProjectVisibility: v, ResourceAccessRole: aws.String(role),
	})
	c.must(err)
}

func (c cloud) update(in sdk.UpdateProjectInput) {
	c.t.Helper()
	in.Name = aws.String("build-shop")
	_, err := c.client.UpdateProject(c.t.Context(), &in)
	c.must(err)
}

func (c cloud) project() types.Project {
	c.t.Helper()
	out, err := c.client.BatchGetProjects(c.t.Context(), &sdk.BatchGetProjectsInput{Names: []string{"build-shop"}})
	c.must(err)
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
	c.t.Helper()
	p := c.project()
	p.LastModified, p.PublicProjectAlias = nil, nil
	raw, err := json.Marshal(p)
	c.must(err)
	return string(raw)
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, project, operation string
		newAction                func(*awscall.Caller) action.Action
		interfere                func(cloud)
	}{
		{"make private", "build-shop", "UpdateProjectVisibility", codebuild.NewMakePrivate, nil},
		{"log", projectARN, "UpdateProject", codebuild.NewEnableLogs, func(c cloud) {
			c.update(sdk.UpdateProjectInput{LogsConfig: &types.LogsConfig{CloudWatchLogs: &types.CloudWatchLogsConfig{Status: types.LogsConfigStatusTypeEnabled, GroupName: aws.String("other")}}})
		}},
		{"drop privileges", "build-shop", "UpdateProject", codebuild.NewDropPrivileges, func(c cloud) {
			c.environment(func(e *types.ProjectEnvironment) { e.Image = aws.String("aws/codebuild/standard:8.0") })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := actiontest.World{
					Action:  func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request: request(`{"project":"` + tt.project + `"}`),
					Missing: json.RawMessage(`{"project":"none"}`),
					State:   c.state,
					Writes:  c.Writes,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "codebuild", Operation: tt.operation, Reads: reads})
					},
				}
				if tt.interfere != nil {
					w.Interfere = func() { tt.interfere(c) }
				}
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	disabled := &types.CloudWatchLogsConfig{Status: types.LogsConfigStatusTypeDisabled}
	for _, tt := range []struct {
		name      string
		newAction func(*awscall.Caller) action.Action
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
			a := tt.newAction(c.Caller(tt.newAction(nil).Spec().Permissions))
			item := c.Item(a, request(`{"project":"build-shop"}`))
			actiontest.Want(t, item, action.Unneeded, tt.says)
			if item.Resource.Tags["team"] != "web" || item.Resource.ARN != projectARN {
				t.Errorf("%+v, want its ARN and tags", item.Resource)
			}
		})
	}
}

// What somebody changes in the environment between plan and call is not overwritten.
func TestAnEnvironmentThatChanges(t *testing.T) {
	c := newCloud(t)
	a := codebuild.NewDropPrivileges(c.Caller(codebuild.NewDropPrivileges(nil).Spec().Permissions))
	item := c.Item(a, request(`{"project":"build-shop"}`))
	c.environment(func(e *types.ProjectEnvironment) { e.Image = aws.String("other") })
	before := c.state()
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Conflict || c.state() != before {
		t.Errorf("%v, want a conflict", err)
	}
}
