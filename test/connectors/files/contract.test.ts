import { filesKeepTheContract } from '../../conformance/files-keep-the-contract.ts';
import { filesSubject } from './subject.ts';

filesKeepTheContract('files', filesSubject);
