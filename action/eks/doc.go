// Package eks has the actions on what runs in clusters of EKS: pods to isolate, and nodes that shall get no more pods.
//
// They go through the Kubernetes API of the cluster itself. Start at [NewIsolatePod]; cluster.go finds the API and gets in with the
// role's credentials, kubernetes.go makes the calls. In Kubernetes the role may do what its access entry says, whatever IAM allows:
// clusterrole.yaml is enough for all actions of this package.
package eks
