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

// taskParams name a task.
type taskParams struct {
	Cluster string `json:"cluster"`
	Task    string `json:"task"`
}

// run is what a task is meant to do.
type run struct {
	DesiredStatus string `json:"desired_status"` // RUNNING, STOPPED, …

	service string // that starts another one
}

// NewStopTask returns the action ecs.stop-task.
func NewStopTask(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[taskParams, run]{
		Spec: action.Spec{
			Name:  "ecs.stop-task",
			Title: "Stop a task",
			Description: "Ends a task and its containers: ECS sends them SIGTERM and, after their stop timeout, SIGKILL. What they had in memory and in " +
				"storage of their own is lost as evidence. A task of a service is replaced by another one from the same image.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster", "task"], "properties": {
  ` + clusterProperty + `,
  "task": {"type": "string", "minLength": 1, "description": "id or ARN of the task"}}}`),
			Permissions:  []string{"ecs:DescribeTasks", "ecs:StopTask"},
			Effect:       action.StateChecked,
			Evidence:     action.EventEvidence,
			Irreversible: "a task that has ended can't go on; start another one where it is missed",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p taskParams) ([]action.Resource, error) {
			if p.Cluster == "" || p.Task == "" {
				return nil, fault.New(fault.Invalid, "no task is named").WithHint(`give {"cluster": "shop", "task": "1dc5c17a422b4dc4b493371970c6c4d6"}`)
			}
			name := lastPart(p.Cluster) + "/" + lastPart(p.Task)
			t, err := describeTask(ctx, cfg, name)
			if err != nil {
				return nil, err
			}
			return []action.Resource{resource("AWS::ECS::Task", t.TaskArn, name, req, t.Tags)}, nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (run, error) {
			t, err := describeTask(ctx, cfg, r.Name)
			service, _ := strings.CutPrefix(aws.ToString(t.Group), "service:")
			if service == aws.ToString(t.Group) {
				service = ""
			}
			return run{aws.ToString(t.DesiredStatus), service}, err
		},
		Want: func(_ action.Resource, _ taskParams, now run) (run, string, error) {
			switch {
			case now.DesiredStatus == string(types.DesiredStatusStopped):
				return now, "It is stopped already.", nil
			case now.service != "":
				return run{DesiredStatus: "STOPPED"}, "It is " + now.DesiredStatus + ". The service " + now.service + " starts another one in its place.", nil
			}
			return run{DesiredStatus: "STOPPED"}, "It is " + now.DesiredStatus + ".", nil
		},
		Steps: func(r action.Resource, _, to run) ([]setting.Step[run], error) {
			cluster, _, _ := strings.Cut(r.Name, "/")
			input := map[string]any{"Cluster": cluster, "Task": r.ARN, "Reason": "Stopped by riposte"}
			return []setting.Step[run]{{Operation: "StopTask", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"StopTask": setting.Op(ecs.NewFromConfig, (*ecs.Client).StopTask)},
	})
}

// describeTask looks at a task by cluster/id. ECS shows it for about an hour after its end.
func describeTask(ctx context.Context, cfg aws.Config, name string) (types.Task, error) {
	cluster, task, _ := strings.Cut(name, "/")
	out, err := ecs.NewFromConfig(cfg).DescribeTasks(ctx, &ecs.DescribeTasksInput{
		Cluster: &cluster, Tasks: []string{task}, Include: []types.TaskField{types.TaskFieldTags},
	})
	if err != nil || len(out.Tasks) == 0 {
		return types.Task{}, gone(err, "ecs:DescribeTasks", "task", name)
	}
	return out.Tasks[0], nil
}
