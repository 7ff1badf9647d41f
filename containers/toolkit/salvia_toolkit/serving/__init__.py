"""The model server of the container contract: GET /ping, POST /invocations, and /models.

    main            `serve`: loads the model, listens, runs until SIGTERM
    listener        sockets and the end: refuse new, finish what is there
    connection      HTTP/1.1 of one client, by httptools
    routes          path → who answers
    predictor       the thread that runs models, so that the loop always answers; requests that arrive together
                    are predicted together
    worker          a model in a process of its own
    handler         what an image, or a user's script, has to offer
    script          … as a user's model_fn, input_fn, predict_fn, output_fn
    models          many models, which the platform loads and unloads
    memory          how much of it there is
    message         Request, Response, Refused

Source: SageMaker developer guide, "Use Your Own Inference Code with Hosting Services".
"""
