// Package command is the command resource provider: it runs commands on this
// machine as resources. Types, properties and their behaviour are those of the
// official pulumi-command plugin; commands on remote machines are left out.
package command

import (
	"context"
	"fmt"
	"os"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/middleware/schema"
	"workstation/toolchain/command/local"
)

const name = "command"

// Main serves the provider on the engine's terms until the engine ends it.
func Main(version string) {
	if err := New().Run(context.Background(), name, version); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-command: %v\n", err)
		os.Exit(1)
	}
}

// New makes the provider.
func New() p.Provider {
	return refuseRemote(infer.Provider(infer.Options{
		Metadata: schema.Metadata{
			DisplayName: "Command",
			Description: "Runs commands on this machine as part of the resource model",
			License:     "Apache-2.0",
			LanguageMap: map[string]any{"nodejs": map[string]any{"respectSchemaVersion": true}},
		},
		Resources: []infer.InferredResource{infer.Resource(&local.Command{})},
		Functions: []infer.InferredFunction{infer.Function(&local.Run{})},
	}))
}

// refuseRemote names the reason when a program asks for a type of the official
// plugin that this one lacks, instead of an unknown type.
func refuseRemote(provider p.Provider) p.Provider {
	check, invoke := provider.Check, provider.Invoke
	provider.Check = func(ctx context.Context, req p.CheckRequest) (p.CheckResponse, error) {
		if err := refusal(string(req.Urn.Type())); err != nil {
			return p.CheckResponse{}, err
		}
		return check(ctx, req)
	}
	provider.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		if err := refusal(string(req.Token)); err != nil {
			return p.InvokeResponse{}, err
		}
		return invoke(ctx, req)
	}
	return provider
}

func refusal(token string) error {
	if !strings.HasPrefix(token, name+":remote:") {
		return nil
	}
	return fmt.Errorf("%s is not in this build of the command provider, which runs commands "+
		"on this machine only: use command:local:Command, or install the official plugin", token)
}
