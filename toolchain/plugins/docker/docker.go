// Package docker is the Docker resource provider: the upstream Terraform
// provider behind Pulumi's bridge, with the tokens, names and defaults of the
// official pulumi-docker plugin.
package docker

import (
	"context"
	_ "embed"
	"errors"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	sdktokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

const (
	pkg         = "docker"
	module      = "index"
	defaultHost = "unix:///var/run/docker.sock"
)

// Which lists are flattened to one value was decided release by release; the
// official plugin carries that history in this file, so ours must too.
//
//go:embed bridge-metadata.json
var metadata []byte

//go:embed schema.json
var schema []byte

// Main serves the provider on the engine's terms until the engine ends it.
func Main(version string) {
	info := Provider()
	info.P.InitLogging(context.Background())
	err := provider.Main(pkg, func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		bridged := tfbridge.NewProvider(context.Background(), host, pkg, version, info.P, info, schema)
		return withoutImage{bridged}, nil
	})
	if err != nil {
		cmdutil.ExitError(err.Error())
	}
}

// withoutImage names the way out for docker.Image, which the official plugin
// implements beside the bridge and this one lacks.
type withoutImage struct {
	pulumirpc.ResourceProviderServer
}

func (p withoutImage) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if urn.URN(req.GetUrn()).Type() == "docker:index/image:Image" {
		return nil, errors.New("docker.Image is not in this build of the docker provider: " +
			"use docker.RemoteImage (with `build` to build one), or install the official plugin")
	}
	return p.ResourceProviderServer.Check(ctx, req)
}

func token(file, name string) string {
	return pkg + ":" + module + "/" + file + ":" + name
}

func resource(file, name string) *tfbridge.ResourceInfo {
	return &tfbridge.ResourceInfo{Tok: sdktokens.Type(token(file, name))}
}

func function(name string) *tfbridge.DataSourceInfo {
	return &tfbridge.DataSourceInfo{Tok: sdktokens.ModuleMember(token(name, name))}
}

// Provider describes how upstream names map to Pulumi names. Each departure
// from the standard rule is one the official plugin makes.
func Provider() tfbridge.ProviderInfo {
	container := resource("container", "Container")
	// Two containers cannot hold the same name or port at the same time.
	container.DeleteBeforeReplace = true
	container.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	image := resource("remoteImage", "RemoteImage")
	// Without this the bridge would add a random suffix to an absent name.
	image.Fields = map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}

	info := tfbridge.ProviderInfo{
		P:                shimv2.NewProvider(shim.NewProvider()),
		Name:             pkg,
		License:          "Apache-2.0",
		GitHubOrg:        "kreuzwerker",
		UpstreamRepoPath: "./upstream",
		MetadataInfo:     tfbridge.NewProviderMetadata(metadata),
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"DOCKER_HOST"},
				ComputeDefault: func(context.Context, tfbridge.ComputeDefaultOptions) (any, error) {
					return defaultHost, nil
				},
			}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_config":         resource("serviceConfig", "ServiceConfig"),
			"docker_container":      container,
			"docker_image":          image,
			"docker_network":        resource("network", "Network"),
			"docker_plugin":         resource("plugin", "Plugin"),
			"docker_registry_image": resource("registryImage", "RegistryImage"),
			"docker_secret":         resource("secret", "Secret"),
			"docker_service":        resource("service", "Service"),
			"docker_tag":            resource("tag", "Tag"),
			"docker_volume":         resource("volume", "Volume"),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":          function("getRemoteImage"),
			"docker_logs":           function("getLogs"),
			"docker_network":        function("getNetwork"),
			"docker_plugin":         function("getPlugin"),
			"docker_registry_image": function("getRegistryImage"),
		},
	}
	info.MustComputeTokens(tokens.SingleModule("docker_", module, tokens.MakeStandard(pkg)))
	info.MustApplyAutoAliases()
	info.SetAutonaming(255, "-")
	return info
}
