package eks

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type nodeParams struct {
	Cluster   string `json:"cluster"`
	Node      string `json:"node,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Pod       string `json:"pod,omitempty"`
}

func (p nodeParams) check() error {
	if p.Node == "" && p.Pod != "" {
		return podParams{Cluster: p.Cluster, Namespace: p.Namespace, Pod: p.Pod}.check()
	}
	if !clusterName.MatchString(p.Cluster) || !objectName.MatchString(p.Node) || p.Namespace+p.Pod != "" {
		return fault.New(fault.Invalid, "no node of a cluster is named, or a pod beside it").
			WithHint(`give {"cluster": "prod", "node": "ip-10-0-1-5.eu-west-1.compute.internal"}, or a namespace and a pod for the node that it runs on`)
	}
	return nil
}

// scheduling is whether a node gets new pods.
type scheduling struct {
	UID      string `json:"uid"`
	Cordoned bool   `json:"unschedulable"`

	fargate bool
}

// NewCordonNode returns the action eks.cordon-node. now is the clock of the receipts.
func NewCordonNode(caller *awscall.Caller, now func() time.Time) action.Action {
	return setting.New(caller, setting.Setting[nodeParams, scheduling]{
		Spec: action.Spec{
			Name:  "eks.cordon-node",
			Title: "Cordon a node",
			Description: "Has Kubernetes put no more pods on a node of an EKS cluster. Those that run there run on. A cluster without other " +
				"nodes that have room can't start pods then.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster"], "properties": {
  "cluster": {"type": "string", "pattern": "^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", "description": "name of the cluster"},
  "node": {"type": "string", "minLength": 1, "description": "name of the node"},
  "namespace": {"type": "string", "minLength": 1, "description": "with pod, instead of node"},
  "pod": {"type": "string", "minLength": 1, "description": "name of a pod that runs on the node"}}}`),
			Permissions: []string{"eks:DescribeCluster"},
			Effect:      action.StateChecked,
			Evidence:    action.EventEvidence,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p nodeParams) (found []action.Resource, err error) {
			if err := p.check(); err != nil {
				return nil, err
			}
			return found, with(ctx, cfg, p.Cluster, now, func(k *kubernetes, tags map[string]string) error {
				o, err := k.nodeOf(ctx, p)
				if err != nil {
					return err
				}
				found = []action.Resource{o.resource(nodeType, req, tags)}
				_, err = k.scheduling(ctx, o)
				return err
			})
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (s scheduling, err error) {
			o := objectOf(r)
			return s, with(ctx, cfg, o.Cluster, now, func(k *kubernetes, _ map[string]string) error {
				s, err = k.scheduling(ctx, o)
				return err
			})
		},
		Want: func(_ action.Resource, _ nodeParams, now scheduling) (scheduling, string, error) {
			switch {
			case now.fargate:
				return now, "", setting.Escalation("It is Fargate's, which runs one pod on a node: isolate the pod.")
			case now.Cordoned:
				return now, "It gets no more pods already.", nil
			}
			return scheduling{UID: now.UID, Cordoned: true}, "Kubernetes may put pods on it.", nil
		},
		Steps: func(r action.Resource, from, to scheduling) ([]setting.Step[scheduling], error) {
			var cordoned any // null: as if nobody had said anything
			if to.Cordoned {
				cordoned = true
			}
			body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": from.UID}, "spec": map[string]any{"unschedulable": cordoned}})
			if err != nil {
				return nil, fault.New(fault.Internal, "encode the body of PatchNode: %w", err)
			}
			o := objectOf(r)
			o.Body = body
			return []setting.Step[scheduling]{{Operation: "PatchNode", Input: o, Leaves: to}}, nil
		},
		Service:    kubernetesService,
		Operations: operations(now, "PatchNode"),
		Permission: permission,
	})
}

// nodeOf is the node that the parameters name.
func (k *kubernetes) nodeOf(ctx context.Context, p nodeParams) (object, error) {
	if p.Node != "" {
		return object{Cluster: p.Cluster, Name: p.Node}, nil
	}
	o := object{Cluster: p.Cluster, Namespace: p.Namespace, Name: p.Pod}
	found, err := k.pod(ctx, o, "")
	if err == nil && found.Spec.NodeName == "" {
		err = fault.New(fault.NotFound, "the pod %s of the cluster %s runs on no node", o, p.Cluster).WithHint("it waits for one; nothing runs yet")
	}
	return object{Cluster: p.Cluster, Name: found.Spec.NodeName}, err
}

func (k *kubernetes) scheduling(ctx context.Context, o object) (scheduling, error) {
	var node struct {
		Metadata metadata `json:"metadata"`
		Spec     struct {
			Unschedulable bool `json:"unschedulable"`
		} `json:"spec"`
	}
	if err := k.do(ctx, "GetNode", o, nil, &node); err != nil {
		return scheduling{}, awscall.Missing(err, fmt.Sprintf("there is no node %s in the cluster %s", o.Name, k.cluster), "it was replaced, or the name is misspelt")
	}
	return scheduling{
		UID: node.Metadata.UID, Cordoned: node.Spec.Unschedulable, fargate: node.Metadata.Labels["eks.amazonaws.com/compute-type"] == "fargate",
	}, nil
}
