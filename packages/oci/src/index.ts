export {
  createOciTransport,
  type OciTransport,
  type OciTransportOptions,
  type PublishableImage,
} from './oci-transport.ts';
